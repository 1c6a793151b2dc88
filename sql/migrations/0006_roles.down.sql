-- Hands everything back to whoever migrates and takes the policies off; the roles stay: other databases of
-- this server may use them.

reset role;

do $$
declare
    kept record;
begin
    for kept in select * from pg_policies where schemaname in
        ('registry', 'staging', 'canonical', 'computation', 'access')
    loop
        execute format('drop policy %I on %I.%I', kept.policyname, kept.schemaname, kept.tablename);
    end loop;
    for kept in
        select 'schema' as kind, format('%I', schema.nspname) as name
        from pg_namespace as schema
        where schema.nspname in ('registry', 'staging', 'canonical', 'computation', 'access', 'dagster')
        union all
        select case relation.relkind when 'v' then 'view' else 'table' end,
            format('%I.%I', schema.nspname, relation.relname)
        from pg_class as relation
        join pg_namespace as schema on schema.oid = relation.relnamespace
        where schema.nspname in ('registry', 'staging', 'canonical', 'computation', 'access', 'dagster')
            and relation.relkind in ('r', 'p', 'v')
        union all
        select 'domain', format('%I.%I', schema.nspname, kind.typname)
        from pg_type as kind
        join pg_namespace as schema on schema.oid = kind.typnamespace
        where schema.nspname in ('registry', 'access') and kind.typtype = 'd'
        union all
        select 'function', routine.oid::regprocedure::text
        from pg_proc as routine
        join pg_namespace as schema on schema.oid = routine.pronamespace
        where schema.nspname in ('registry', 'staging', 'canonical', 'computation', 'access')
    loop
        execute format('alter %s %s owner to current_user', kept.kind, kept.name);
        if kept.kind = 'table' and kept.name not like 'dagster.%' then
            execute format('alter table %s disable row level security, no force row level security', kept.name);
        end if;
    end loop;
    if not exists (select from pg_class where relnamespace = 'dagster'::regnamespace) then
        drop schema dagster;
    end if;
    execute format('revoke create on database %I from aurora_owner', current_database());
end
$$;

revoke all on all tables in schema registry, staging, canonical, computation, access
    from aurora_pipeline, aurora_api, aurora_staff, aurora_auth;
revoke all on schema registry, staging, canonical, computation, access
    from aurora_pipeline, aurora_api, aurora_staff, aurora_auth;
revoke all on public.alembic_version from aurora_pipeline, aurora_api, aurora_staff, aurora_auth;

drop function access.append_audit(
    text, text, text, text, text, text, jsonb, jsonb, integer, integer, bytea, text
);
drop function access.enter(integer, text);

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
    if new.status = 'RELEASED'
        and new.number <> (select coalesce(max(number), 0) + 1 from computation.statements)
    then
        raise exception 'statement % cannot have number %: numbers have no gap', new.statement_id, new.number
            using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
comment on function computation.guard_statement() is
    'Trigger: a statement goes from status to status in order, and what is frozen stays as it is.';
drop function computation.next_statement_number();
