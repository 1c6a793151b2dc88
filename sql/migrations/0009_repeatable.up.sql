-- Routines and policies are from here on in sql/routines.sql and sql/policies.sql, which are applied after the
-- migrations whenever they have changed. Here is where it is noted which text of them is in force.

reset role;

create table public.repeatable_files (
    name text primary key,
    sha256 bytea not null check (octet_length(sha256) = 32),
    applied_at timestamptz not null default now()
);
comment on table public.repeatable_files is
    'A row is one file of SQL that is applied whole after the migrations whenever it has changed.';
comment on column public.repeatable_files.name is 'The file, such as routines.sql.';
comment on column public.repeatable_files.sha256 is 'SHA-256 of the text that is in force.';
comment on column public.repeatable_files.applied_at is 'When it was applied, UTC.';

-- As public.alembic_version: a role that may not migrate still sees whether it would have to.
grant select on public.repeatable_files to aurora_pipeline, aurora_api, aurora_staff, aurora_auth;
