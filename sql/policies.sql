-- Row-level security: which rows each role sees, for every table of the warehouse.
-- Applied whole after the migrations whenever this file has changed, as aurora_owner. Every policy is dropped first,
-- in the same transaction, so that what is in force is what stands here and nothing else.

do $$
declare
    known record;
begin
    for known in
        select policyname, schemaname, tablename from pg_policies
        where schemaname in ('registry', 'staging', 'canonical', 'computation', 'access')
    loop
        execute format('drop policy %I on %I.%I', known.policyname, known.schemaname, known.tablename);
    end loop;
end
$$;

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
        -- by_validator: ROW is about the validator it names (none: hidden from users with a scope), SLICE
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
-- What the functions of routines.sql read and write for their callers; the owner has no policy on any other table but
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
-- An entry may be about any chain: a user with a scope sees only its own entries.
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
