-- The routines of the warehouse, each written once: what triggers call, and the two functions of `access`.
-- Applied whole after the migrations whenever this file has changed, as aurora_owner, so it must run any number of
-- times. Triggers belong to their tables and are made by migrations, which also drop routines that are not wanted.

-- PostgreSQL plans the body of an SQL function when it is made; no row is read here.
set local row_security = on;

-- registry ------------------------------------------------------------------------------------------

create or replace function registry.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
        using errcode = 'restrict_violation';
end
$$;
comment on function registry.refuse_change() is 'Trigger of append-only tables: nobody edits or removes a row.';

create or replace function registry.fill_partner() returns trigger language plpgsql as $$
begin
    new.partner_id := (select partner_id from registry.agreements where agreement_id = new.agreement_id);
    return new;
end
$$;
comment on function registry.fill_partner() is 'Trigger: the partner is the agreement''s.';

create or replace function registry.fill_wallet() returns trigger language plpgsql as $$
begin
    select chain_id, wallet into new.chain_id, new.wallet
    from registry.wallets where wallet_id = new.wallet_id;
    return new;
end
$$;
comment on function registry.fill_wallet() is 'Trigger: chain and wallet are those of wallet_id.';

-- computation ---------------------------------------------------------------------------------------

create or replace function computation.fill_chain() returns trigger language plpgsql as $$
begin
    new.chain_id := (
        select chain_id from computation.generations where generation_id = new.generation_id
    );
    return new;
end
$$;
comment on function computation.fill_chain() is 'Trigger: the chain is the generation''s.';

create or replace function computation.refuse_bad_confirmation() returns trigger language plpgsql as $$
declare
    confirmed computation.overrides;
begin
    select * into confirmed from computation.overrides
    where override_id = new.confirms and line_id = new.line_id;
    if not found or confirmed.amount is distinct from new.amount or confirmed.confirms is not null
        or exists (
            select from computation.overrides as later
            where later.line_id = new.line_id and later.override_id > confirmed.override_id
        )
    then
        raise exception 'override % is not the newest of line %, or has another amount',
            new.confirms, new.line_id using errcode = 'restrict_violation';
    end if;
    if lower(btrim(confirmed.made_by)) = lower(btrim(new.made_by)) then
        raise exception 'override % was made by %: another person must confirm it',
            new.confirms, new.made_by using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
comment on function computation.refuse_bad_confirmation() is
    'Trigger: an override is confirmed by another person, as it stands, while it is the newest.';

-- A user with a scope of one chain does not see all statements, and still must assign the next number.
create or replace function computation.next_statement_number() returns bigint
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
comment on function computation.guard_statement() is
    'Trigger: a statement goes from status to status in order, and what is frozen stays as it is.';

create or replace function computation.refuse_born_later() returns trigger language plpgsql as $$
begin
    raise exception 'a statement begins as DRAFT, not as %', new.status using errcode = 'restrict_violation';
end
$$;
comment on function computation.refuse_born_later() is 'Trigger: no statement skips its approval.';

-- The lines and sections a released statement was made of, in whichever generation, stay as they are.
create or replace function computation.refuse_released_change() returns trigger language plpgsql as $$
begin
    if exists (
        select
        from computation.statements as statement
        join registry.periods as period
            on period.chain_id = statement.chain_id
            and date_trunc('month', period.ends_at at time zone 'UTC') = statement.billing_month
        where
            statement.partner_id = old.partner_id and statement.chain_id = old.chain_id
            and period.period_id = old.period_id and statement.status in ('RELEASED', 'PAID')
    ) then
        raise exception '%.%: period % of % is in a released statement: % is refused; recompute, and the '
            'difference goes into the next statement', tg_table_schema, tg_table_name, old.period_id,
            old.chain_id, lower(tg_op) using errcode = 'restrict_violation';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end
$$;
comment on function computation.refuse_released_change() is
    'Trigger: what a released statement was made of is neither edited nor removed.';

create or replace function computation.guard_true_up() returns trigger language plpgsql as $$
begin
    if to_jsonb(old) - 'statement_id' is distinct from to_jsonb(new) - 'statement_id' then
        raise exception 'correction % cannot be changed', old.true_up_id using errcode = 'restrict_violation';
    end if;
    if exists (
        select from computation.statements
        where statement_id in (old.statement_id, new.statement_id) and status <> 'DRAFT'
    ) then
        raise exception 'correction % cannot move: its statement is no draft', old.true_up_id
            using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
comment on function computation.guard_true_up() is
    'Trigger: a correction only moves between statements, and only out of or into a draft.';

-- access --------------------------------------------------------------------------------------------

-- Asked at every request, by primary keys: its plans are made once for a session (plan_cache_mode). The service asks
-- for a new plan each time otherwise, which its pages with their many optional filters need.
create or replace function access.enter(p_user_id integer, p_session_id text)
returns table (
    refusal text, user_id integer, username text, display_name text, role text, partner_id integer,
    chain_ids text[], validator_keys text[], scopes text[]
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto as $$
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

create or replace function access.append_audit(
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
