-- Who sees what: the database's roles, row-level security on every table, and the two doors into `access`.
--
-- aurora_owner     owns everything and changes tables; sees no row of a protected table by itself.
-- aurora_pipeline  Dagster and the command line.
-- aurora_api       the API's login; by itself it is a partner, and without app.partner_id nobody.
-- aurora_staff     the operator's people, behind the API; needs app.user_id, and no app.partner_id.
-- aurora_auth      users and tokens.
-- None of them is a superuser or passes by row-level security. A later migration runs as aurora_owner.

-- roles ---------------------------------------------------------------------------------------------

-- Roles belong to the whole server: another database may have made them, or be making them right now.
do $$
declare
    wanted record;
begin
    for wanted in
        select * from (values
            ('aurora_owner', 'nologin'), ('aurora_pipeline', 'login'), ('aurora_api', 'login'),
            ('aurora_staff', 'nologin'), ('aurora_auth', 'nologin')
        ) as role (name, attribute)
    loop
        begin
            if not exists (select from pg_roles where rolname = wanted.name) then
                execute format('create role %I %s noinherit', wanted.name, wanted.attribute);
            end if;
        exception when duplicate_object or unique_violation then
            null;
        end;
        if (select rolsuper or rolbypassrls from pg_roles where rolname = wanted.name) then
            raise exception 'role % passes by row-level security; run: alter role % nosuperuser nobypassrls',
                wanted.name, wanted.name;
        end if;
    end loop;
end
$$;

-- Whoever migrates must be able to hand tables over, and one user may be all there is: it may act as each.
do $$
declare
    wanted record;
begin
    for wanted in
        select member, role from (values
            ('aurora_api', 'aurora_staff'), ('aurora_api', 'aurora_auth'), ('aurora_pipeline', 'aurora_auth'),
            (current_user::text, 'aurora_owner'), (current_user, 'aurora_pipeline'), (current_user, 'aurora_api')
        ) as membership (member, role)
        where not (select rolsuper from pg_roles where rolname = member)
    loop
        for attempt in 1..20 loop
            begin
                if not exists (
                    select from pg_auth_members as given
                    where given.roleid = wanted.role::regrole and given.member = wanted.member::regrole
                        -- From version 16 on whoever makes a role is given it without the right to act as it.
                        and coalesce((to_jsonb(given) ->> 'set_option')::boolean, true)
                ) then
                    execute format('grant %I to %I', wanted.role, wanted.member);
                end if;
                exit;
            exception when unique_violation or internal_error then
                -- Another database's migration grants the same.
                perform pg_sleep(0.05);
            end;
        end loop;
    end loop;
end
$$;

-- ownership -----------------------------------------------------------------------------------------

create schema if not exists dagster;
comment on schema dagster is 'Dagster''s own records.';

do $$
declare
    kept record;
begin
    execute format('grant create on database %I to aurora_owner', current_database());
    for kept in
        select 'schema' as kind, format('%I', schema.nspname) as name, schema.nspname
        from pg_namespace as schema
        where schema.nspname in ('registry', 'staging', 'canonical', 'computation', 'access', 'dagster')
        union all
        select case relation.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
            format('%I.%I', schema.nspname, relation.relname), schema.nspname
        from pg_class as relation
        join pg_namespace as schema on schema.oid = relation.relnamespace
        where schema.nspname in ('registry', 'staging', 'canonical', 'computation', 'access', 'dagster')
            and relation.relkind in ('r', 'p', 'v', 'S')
            -- A column's own sequence goes with its table.
            and not exists (
                select from pg_depend as owned
                where owned.classid = 'pg_class'::regclass and owned.objid = relation.oid
                    and relation.relkind = 'S' and owned.deptype in ('a', 'i')
            )
        union all
        select 'domain', format('%I.%I', schema.nspname, kind.typname), schema.nspname
        from pg_type as kind
        join pg_namespace as schema on schema.oid = kind.typnamespace
        where schema.nspname in ('registry', 'access') and kind.typtype = 'd'
        union all
        select 'function', routine.oid::regprocedure::text, schema.nspname
        from pg_proc as routine
        join pg_namespace as schema on schema.oid = routine.pronamespace
        where schema.nspname in ('registry', 'staging', 'canonical', 'computation', 'access')
    loop
        execute format('alter %s %s owner to %I', kept.kind, kept.name,
            case kept.nspname when 'dagster' then 'aurora_pipeline' else 'aurora_owner' end);
    end loop;
end
$$;

grant select on public.alembic_version to aurora_pipeline, aurora_api, aurora_staff, aurora_auth;

-- From here on as the owner, who then owns what is made.
set local role aurora_owner;

-- what may be done at all ---------------------------------------------------------------------------

grant usage on schema registry, staging, canonical, computation, access
    to aurora_pipeline, aurora_api, aurora_staff, aurora_auth;

grant select on all tables in schema registry, staging, canonical, computation
    to aurora_pipeline, aurora_staff;

-- The pipeline. Nobody deletes what was computed or received, nor changes what is append-only.
grant insert, update, delete on all tables in schema registry, canonical to aurora_pipeline;
revoke update, delete on registry.agreement_versions, registry.agreement_rules from aurora_pipeline;
revoke update, delete on registry.wallets from aurora_pipeline;
grant insert on all tables in schema staging, computation to aurora_pipeline;
grant update on staging.heads, staging.ingestions, computation.generations, computation.statements, computation.true_ups,
    computation.recomputes to aurora_pipeline;
grant select on access.audit_log, access.audit_head to aurora_pipeline;

-- The operator's people. What each role of theirs may do is the API's business (principal.py).
grant insert, update on registry.partners, registry.partner_wallets, registry.agreements,
    registry.validators, registry.declared_validators to aurora_staff;
grant insert on registry.wallets, registry.agreement_versions, registry.agreement_rules to aurora_staff;
grant insert, update on computation.statements, computation.true_ups to aurora_staff;
grant insert on computation.overrides, computation.recomputes to aurora_staff;
grant select, insert on access.started_work to aurora_staff;
grant select on access.audit_log, access.audit_head to aurora_staff;

-- A partner only reads. What has no policy for aurora_api below shows it nothing.
grant select on registry.chains, registry.periods, registry.validators, registry.declared_validators,
    registry.partners, registry.partner_wallets, registry.agreements, registry.agreement_versions,
    registry.agreement_rules, canonical.validator_meta, computation.generations, computation.validator_pnl,
    computation.partner_stake, computation.commission_lines, computation.commission_statements,
    computation.statements,
    computation.validator_pnl_current, computation.partner_stake_current, computation.commission_lines_current,
    computation.commission_statements_current
    to aurora_api;
-- Health and metrics are asked for by nobody in particular.
grant select on staging.heads, staging.failures to aurora_api;
grant select (ingestion_id, chain_id, period_id, role, state, is_current, head_period, finished_at)
    on staging.ingestions to aurora_api;

-- Users and tokens. A partner's user is added by the partner's code.
grant select, insert, update on access.users, access.refresh_tokens, access.api_tokens to aurora_auth;
grant select on registry.partners to aurora_auth;

-- row-level security --------------------------------------------------------------------------------

-- Settings of the transaction: app.user_id, app.partner_id, and the lists app.chain_ids and
-- app.validator_keys. A comparison stands in the policy itself, so that an index serves it; what does not
-- depend on the row is a subquery without a table, which PostgreSQL evaluates once a statement. What narrows
-- says `... is not null`: of that PostgreSQL expects nearly every row to pass, as is right for most people; of
-- the bare comparison it expects almost none, and plans for three rows where there are thousands.
do $$
declare
    protected record;
    staff constant text := $policy$(select case when coalesce(current_setting('app.user_id', true), '') <> ''
        and coalesce(current_setting('app.partner_id', true), '') = '' then true end) is not null$policy$;
    within constant text := $policy$case when (select coalesce(current_setting('app.%1$s', true), '')) = ''
        or %2$s = any ((select string_to_array(current_setting('app.%1$s', true), ','))::text[])
        %3$s then true end is not null$policy$;
    own constant text := $policy$partner_id = nullif(current_setting('app.partner_id', true), '')::integer$policy$;
    partner text;
begin
    for protected in
        -- by_validator: ROW is about the validator it names (none: hidden from whoever is narrowed), SLICE
        -- about the validator it names or about all, MANY about several at once, NONE about no validator.
        -- to_partner: ALL rows, OWN ones, OWN RELEASED ones, those of GRANTED validators, or NONE.
        select * from (values
            ('registry.chains', true, 'NONE', 'ALL'),
            ('registry.providers', false, 'NONE', 'NONE'),
            ('registry.chain_providers', true, 'NONE', 'NONE'),
            ('registry.periods', true, 'NONE', 'ALL'),
            ('registry.validators', true, 'ROW', 'ALL'),
            ('registry.declared_validators', true, 'ROW', 'NONE'),
            ('registry.operator_wallets', true, 'ROW', 'NONE'),
            ('registry.partners', false, 'NONE', 'OWN'),
            ('registry.wallets', true, 'NONE', 'NONE'),
            ('registry.partner_wallets', true, 'NONE', 'OWN'),
            ('registry.agreements', false, 'NONE', 'OWN'),
            ('registry.agreement_versions', false, 'NONE', 'OWN'),
            ('registry.agreement_rules', false, 'NONE', 'OWN'),
            ('staging.payloads', true, 'NONE', 'NONE'),
            ('staging.ingestions', true, 'NONE', 'ALL'),
            ('staging.heads', true, 'NONE', 'ALL'),
            ('staging.failures', true, 'NONE', 'ALL'),
            ('staging.ingestion_payloads', false, 'NONE', 'NONE'),
            ('canonical.validator_identities', true, 'ROW', 'NONE'),
            ('canonical.validator_fees', true, 'ROW', 'NONE'),
            ('canonical.validator_mev', true, 'ROW', 'NONE'),
            ('canonical.validator_rewards', true, 'ROW', 'NONE'),
            ('canonical.stake_rewards', true, 'ROW', 'NONE'),
            ('canonical.validator_meta', true, 'ROW', 'ALL'),
            ('canonical.findings', true, 'SLICE', 'NONE'),
            ('computation.generations', true, 'NONE', 'ALL'),
            ('computation.validator_pnl', true, 'ROW', 'GRANTED'),
            ('computation.partner_stake', true, 'ROW', 'OWN'),
            ('computation.commission_lines', true, 'ROW', 'OWN'),
            ('computation.rule_histories', true, 'MANY', 'NONE'),
            ('computation.commission_statements', true, 'MANY', 'OWN RELEASED'),
            ('computation.findings', true, 'ROW', 'NONE'),
            ('computation.overrides', true, 'MANY', 'NONE'),
            ('computation.statements', true, 'MANY', 'OWN RELEASED'),
            ('computation.true_ups', true, 'ROW', 'NONE'),
            ('computation.recomputes', true, 'NONE', 'NONE')
        ) as policy (name, by_chain, by_validator, to_partner)
    loop
        execute format('alter table %s enable row level security, force row level security', protected.name);
        execute format('create policy pipeline on %s to aurora_pipeline using (true)', protected.name);
        execute format('create policy staff on %s to aurora_staff using (%s)', protected.name, staff);
        partner := case protected.to_partner
            when 'ALL' then 'true'
            when 'OWN' then own
            when 'OWN RELEASED' then own || $policy$ and status in ('RELEASED', 'PAID')$policy$
            when 'GRANTED' then $policy$validator_key =
                any ((select string_to_array(current_setting('app.validator_keys', true), ','))::text[])$policy$
        end;
        if partner is not null then
            execute format('create policy partner on %s for select to aurora_api using (%s)',
                protected.name, partner);
        end if;
        if protected.by_chain then
            execute format('create policy narrowed_by_chain on %s as restrictive to aurora_staff, aurora_api '
                'using (%s)', protected.name, format(within, 'chain_ids', 'chain_id', ''));
        end if;
        if protected.by_validator <> 'NONE' then
            execute format('create policy narrowed_by_validator on %s as restrictive to aurora_staff '
                'using (%s)', protected.name, case protected.by_validator
                    when 'ROW' then format(within, 'validator_keys', 'validator_key', '')
                    when 'SLICE' then
                        format(within, 'validator_keys', 'validator_key', 'or validator_key is null')
                    when 'MANY' then $policy$(select case when
                        coalesce(current_setting('app.validator_keys', true), '') = '' then true end)
                        is not null$policy$
                end);
        end if;
    end loop;
end
$$;

create policy auth on registry.partners for select to aurora_auth using (true);

alter table access.users enable row level security, force row level security;
alter table access.refresh_tokens enable row level security, force row level security;
alter table access.api_tokens enable row level security, force row level security;
alter table access.audit_log enable row level security, force row level security;
alter table access.audit_head enable row level security, force row level security;
alter table access.started_work enable row level security, force row level security;

create policy auth on access.users to aurora_auth using (true);
create policy auth on access.refresh_tokens to aurora_auth using (true);
create policy auth on access.api_tokens to aurora_auth using (true);
-- What the functions below read and write for their callers; the owner has no policy on any other table but
-- the one that numbers statements.
create policy enter on access.users for select to aurora_owner using (true);
create policy enter on access.refresh_tokens for select to aurora_owner using (true);
create policy enter on access.api_tokens for select to aurora_owner using (true);
create policy append_read on access.audit_log for select to aurora_owner using (true);
create policy append on access.audit_log for insert to aurora_owner with check (true);
create policy append on access.audit_head to aurora_owner using (true);
create policy numbering on computation.statements for select to aurora_owner using (true);

create policy pipeline on access.audit_log for select to aurora_pipeline using (true);
create policy pipeline on access.audit_head for select to aurora_pipeline using (true);
create policy staff on access.audit_head for select to aurora_staff using (true);
-- An entry may tell about any chain: whoever is narrowed sees what it did itself.
create policy staff on access.audit_log for select to aurora_staff using (
    (select coalesce(current_setting('app.user_id', true), '') <> ''
        and coalesce(current_setting('app.partner_id', true), '') = '')
    and (
        (select coalesce(current_setting('app.chain_ids', true), '')
            || coalesce(current_setting('app.validator_keys', true), '')) = ''
        or user_id = nullif(current_setting('app.user_id', true), '')::integer
    )
);
create policy staff on access.started_work to aurora_staff
    using (user_id = nullif(current_setting('app.user_id', true), '')::integer);

-- numbers of statements -----------------------------------------------------------------------------

-- Whoever is narrowed to a chain does not see all statements, and still must give the next number.
create function computation.next_statement_number() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce(max(number), 0) + 1 from computation.statements
$$;
comment on function computation.next_statement_number() is
    'The number that the statement released next is given: one more than the last, over all chains.';
revoke execute on function computation.next_statement_number() from public;
grant execute on function computation.next_statement_number() to aurora_pipeline, aurora_staff;

create or replace function computation.guard_statement() returns trigger language plpgsql as $$
declare
    frozen text[] := array['statement_id', 'partner_id', 'chain_id', 'billing_month'];
    changed text;
begin
    if (old.status, new.status) not in (
        ('DRAFT', 'PENDING_APPROVAL'), ('PENDING_APPROVAL', 'APPROVED'), ('PENDING_APPROVAL', 'DRAFT'),
        ('APPROVED', 'RELEASED'), ('APPROVED', 'DRAFT'), ('RELEASED', 'PAID')
    ) then
        raise exception 'statement % is %: it cannot be changed, or become % at once',
            old.statement_id, old.status, new.status using errcode = 'restrict_violation';
    end if;
    if new.status in ('APPROVED', 'RELEASED', 'PAID') then
        frozen := frozen || array['content', 'content_bytes', 'content_sha256', 'total', 'opening_balance',
            'payable', 'closing_balance', 'prepared_by', 'submitted_at'];
    end if;
    if new.status in ('RELEASED', 'PAID') then
        frozen := frozen || array['approved_by', 'approved_at'];
    end if;
    if new.status = 'PAID' then
        frozen := frozen || array['number', 'released_by', 'released_at'];
    end if;
    select string_agg(name, ', ') into changed
    from unnest(frozen) as name
    where to_jsonb(old) -> name is distinct from to_jsonb(new) -> name;
    if changed is not null then
        raise exception 'statement % is %: % cannot be changed', old.statement_id, old.status, changed
            using errcode = 'restrict_violation';
    end if;
    if new.status = 'RELEASED' and new.number <> computation.next_statement_number() then
        raise exception 'statement % cannot have number %: numbers have no gap', new.statement_id, new.number
            using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;

-- entering ------------------------------------------------------------------------------------------

create function access.enter(p_user_id integer, p_session_id text)
returns table (
    refusal text, user_id integer, username text, display_name text, role text, partner_id integer,
    chain_ids text[], validator_keys text[], scopes text[]
)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    known access.users;
    token access.api_tokens;
    live boolean := true;
    ended boolean := false;
begin
    -- Whatever was set before is gone, also when entering is refused.
    perform set_config('app.user_id', '', true), set_config('app.partner_id', '', true),
        set_config('app.chain_ids', '', true), set_config('app.validator_keys', '', true);
    select * into known from access.users as person where person.user_id = p_user_id;
    if known.user_id is null then
        refusal := 'USER_UNKNOWN';
    elsif not known.active then
        refusal := 'USER_DISABLED';
    elsif known.expires_at <= now() then
        refusal := 'USER_EXPIRED';
    elsif p_session_id like 'family:%' then
        -- A session lives while one of its refresh tokens does.
        select
            coalesce(bool_or(issued.revoked_at is null and issued.expires_at > now()), false),
            coalesce(bool_or(issued.revoked_at is null), false)
        into live, ended
        from access.refresh_tokens as issued
        where issued.family_id = substr(p_session_id, 8)::uuid and issued.user_id = p_user_id;
    elsif p_session_id like 'token:%' then
        select * into token from access.api_tokens as issued
        where issued.api_token_id = substr(p_session_id, 7)::uuid and issued.user_id = p_user_id;
        ended := token.api_token_id is not null and token.revoked_at is null;
        live := ended and token.expires_at > now();
    elsif p_session_id <> 'oidc' or p_session_id is null then
        live := false;
    end if;
    if refusal is null and not live then
        refusal := case when ended then 'SESSION_EXPIRED' else 'SESSION_REVOKED' end;
    end if;
    if refusal is null then
        perform set_config('app.user_id', known.user_id::text, true),
            set_config('app.partner_id', coalesce(known.partner_id::text, ''), true),
            set_config('app.chain_ids', coalesce(array_to_string(known.chain_ids, ','), ''), true),
            set_config('app.validator_keys', coalesce(array_to_string(known.validator_keys, ','), ''), true);
        user_id := known.user_id;
        username := known.username;
        display_name := known.display_name;
        role := known.role;
        partner_id := known.partner_id;
        chain_ids := known.chain_ids;
        validator_keys := known.validator_keys;
        scopes := token.scopes;
    end if;
    return next;
end
$$;
comment on function access.enter(integer, text) is
    'Begins what a user may see in this transaction, or says why not. Sets app.user_id and the other settings.';
revoke execute on function access.enter(integer, text) from public;
grant execute on function access.enter(integer, text) to aurora_api;

-- the audit log -------------------------------------------------------------------------------------

create function access.append_audit(
    p_actor text, p_action text, p_object_type text, p_object_id text, p_outcome text, p_reason text,
    p_before jsonb, p_after jsonb, p_partner_id integer, p_user_id integer, p_request_digest bytea,
    p_correlation_id text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    head access.audit_head;
    happened timestamptz;
    content text;
    chained bytea;
begin
    -- A snapshot of an earlier moment would not show the row that was written last.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'the audit log is written in READ COMMITTED, not in %',
            upper(current_setting('transaction_isolation')) using errcode = 'active_sql_transaction';
    end if;
    if p_user_id::text <> nullif(current_setting('app.user_id', true), '') then
        raise exception 'user % cannot be noted for what user % does', p_user_id,
            current_setting('app.user_id') using errcode = 'insufficient_privilege';
    end if;
    -- The head is the lock: the next one waits here until this transaction has ended.
    select * into strict head from access.audit_head for update;
    head.sequence := head.sequence + 1;
    happened := clock_timestamp();
    -- Each field as length in bytes, colon, text; null as a hyphen: no two rows read alike.
    select string_agg(coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value, '-'), '' order by place)
    into content
    from unnest(array[
        head.sequence::text, to_char(happened at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), p_actor,
        p_user_id::text, p_action, p_object_type, p_object_id, p_partner_id::text, p_outcome, p_reason,
        p_before::text, p_after::text, encode(p_request_digest, 'hex'), p_correlation_id
    ]) with ordinality as field (value, place);
    chained := sha256(head.hash || convert_to(content, 'UTF8'));
    insert into access.audit_log
    values (
        head.sequence, happened, p_actor, p_user_id, p_action, p_object_type, p_object_id, p_partner_id,
        p_outcome, p_reason, p_before, p_after, p_request_digest, p_correlation_id, head.hash, chained
    );
    update access.audit_head set sequence = head.sequence, hash = chained;
    return head.sequence;
end
$$;
comment on function access.append_audit(
    text, text, text, text, text, text, jsonb, jsonb, integer, integer, bytea, text
) is 'Writes the next row of the audit log and chains it to the one before; the only way in.';
revoke execute on function access.append_audit(
    text, text, text, text, text, text, jsonb, jsonb, integer, integer, bytea, text
) from public;
grant execute on function access.append_audit(
    text, text, text, text, text, text, jsonb, jsonb, integer, integer, bytea, text
) to aurora_pipeline, aurora_api, aurora_staff, aurora_auth;
