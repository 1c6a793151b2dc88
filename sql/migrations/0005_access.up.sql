-- Users, their tokens, the audit log, the work that portals start, and the columns that policies lean on.

create domain access.user_role as text check (value in ('ADMIN', 'FINANCE', 'OPS', 'PARTNER', 'AUDITOR'));
comment on domain access.user_role is 'What a user is to the operator.';

create table access.users (
    user_id integer generated always as identity primary key,
    username text not null check (username ~ '^[a-z0-9][a-z0-9._@-]*$' and length(username) <= 120),
    display_name text not null check (btrim(display_name) <> ''),
    role access.user_role not null,
    partner_id integer references registry.partners on delete restrict,
    chain_ids text[],
    validator_keys text[],
    password_hash text,
    oidc_issuer text,
    oidc_subject text,
    active boolean not null default true,
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    version integer not null default 1,
    unique (username),
    unique (oidc_issuer, oidc_subject),
    check ((role = 'PARTNER') = (partner_id is not null)),
    check (role <> 'AUDITOR' or expires_at is not null),
    check ((oidc_issuer is null) = (oidc_subject is null)),
    -- Settings carry these as lists with commas, and an empty text does not narrow: so neither may be in here.
    check (
        chain_ids is null
        or (cardinality(chain_ids) > 0 and array_position(chain_ids, null) is null
            and '' <> all (chain_ids) and array_to_string(chain_ids, ' ') !~ ',')
    ),
    check (
        validator_keys is null
        or ((cardinality(validator_keys) > 0 or role = 'PARTNER') and array_position(validator_keys, null) is null
            and '' <> all (validator_keys) and array_to_string(validator_keys, ' ') !~ ',')
    )
);

create table access.refresh_tokens (
    token_digest bytea primary key check (octet_length(token_digest) = 32),
    family_id uuid not null,
    user_id integer not null references access.users on delete restrict,
    issued_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz,
    revoked_at timestamptz,
    revoked_because text
);
create index refresh_tokens_by_family on access.refresh_tokens (family_id);
create index refresh_tokens_by_user on access.refresh_tokens (user_id);

create table access.api_tokens (
    api_token_id uuid primary key,
    user_id integer not null references access.users on delete restrict,
    name text not null check (btrim(name) <> ''),
    token_digest bytea not null unique check (octet_length(token_digest) = 32),
    scopes text[] not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz
);

create table access.audit_log (
    sequence bigint primary key check (sequence >= 1),
    at timestamptz not null,
    actor text not null,
    user_id integer references access.users on delete restrict,
    action text not null,
    object_type text,
    object_id text,
    partner_id integer references registry.partners on delete restrict,
    outcome text not null check (outcome in ('DONE', 'REFUSED', 'FAILED')),
    reason text,
    before jsonb,
    after jsonb,
    request_digest bytea check (octet_length(request_digest) = 32),
    correlation_id text,
    previous_hash bytea not null check (octet_length(previous_hash) = 32),
    hash bytea not null check (octet_length(hash) = 32)
);
create index audit_log_by_object on access.audit_log (object_type, object_id);
create trigger append_only before update or delete on access.audit_log
    for each row execute function registry.refuse_change();
create trigger append_only_truncate before truncate on access.audit_log
    for each statement execute function registry.refuse_change();

-- Says how long the chain is, so that rows missing at its end are noticed, too.
create table access.audit_head (
    only_row boolean primary key default true check (only_row),
    sequence bigint not null check (sequence >= 0),
    hash bytea not null check (octet_length(hash) = 32)
);
insert into access.audit_head (sequence, hash) values (0, decode(repeat('00', 32), 'hex'));
create trigger never_deleted before delete on access.audit_head
    for each row execute function registry.refuse_change();
create trigger never_truncated before truncate on access.audit_head
    for each statement execute function registry.refuse_change();

create table access.started_work (
    user_id integer not null references access.users on delete restrict,
    operation text not null,
    idempotency_key text not null,
    request_digest bytea not null check (octet_length(request_digest) = 32),
    reference text not null,
    started_at timestamptz not null default now(),
    primary key (user_id, operation, idempotency_key)
);

create table computation.recomputes (
    recompute_id uuid primary key,
    chain_id text not null references registry.chains on delete restrict,
    from_period bigint not null,
    to_period bigint not null check (to_period >= from_period),
    force boolean not null,
    status text not null check (status in ('PENDING', 'RUNNING', 'SUCCESS', 'FAILED', 'CANCELED')),
    reason text not null,
    requested_by text not null,
    correlation_id text not null,
    dagster_run_id text,
    requested_at timestamptz not null default now(),
    finished_at timestamptz,
    error text
);

-- What ingestion health is told from: where each chain was last seen, and which attempts failed.

create table staging.heads (
    chain_id text primary key references registry.chains on delete restrict,
    head_period bigint not null check (head_period >= 0),
    seen_at timestamptz not null default now()
);
comment on table staging.heads is 'Where each chain was when it was last asked.';
comment on column staging.heads.chain_id is 'The chain, as named in chains.yaml.';
comment on column staging.heads.head_period is 'The period it was in.';
comment on column staging.heads.seen_at is 'When it said so, UTC.';

create table staging.failures (
    failure_id bigint generated always as identity primary key,
    chain_id text not null references registry.chains on delete restrict,
    period_id bigint check (period_id >= 0),
    role text check (role in ('periods', 'fees', 'mev', 'rewards', 'meta', 'stakes')),
    message text not null,
    run_id text not null,
    failed_at timestamptz not null default now()
);
create index failures_by_chain on staging.failures (chain_id, failed_at);
comment on table staging.failures is
    'Attempts to ingest that failed, appended; what happened later decides whether one is mended.';
comment on column staging.failures.failure_id is 'Orders them.';
comment on column staging.failures.chain_id is 'The chain, as named in chains.yaml.';
comment on column staging.failures.period_id is
    'The period asked about; null when the chain itself did not answer.';
comment on column staging.failures.role is 'What was asked for; null when the chain itself did not answer.';
comment on column staging.failures.message is 'What happened, without secrets.';
comment on column staging.failures.run_id is 'The Dagster run, or the sensors name.';
comment on column staging.failures.failed_at is 'When, UTC.';

-- Columns that policies lean on: what a row is about stands in the row, since a policy may not look it up.
-- Triggers fill them, so that no statement can say another partner than the agreement does.

create table registry.declared_validators (
    chain_id text not null references registry.chains on delete restrict,
    validator_key text not null check (validator_key <> ''),
    name text,
    identities jsonb not null default '[]',
    own_wallets text[],
    mev_declared_none boolean not null default false,
    reason text not null check (btrim(reason) <> ''),
    registered_at timestamptz not null default now(),
    primary key (chain_id, validator_key)
);

alter table registry.agreements add unique (agreement_id, partner_id);
alter table registry.agreement_versions add column partner_id integer;
alter table registry.agreement_rules add column partner_id integer;
alter table registry.agreement_versions disable trigger append_only;
alter table registry.agreement_rules disable trigger append_only;
update registry.agreement_versions as version set partner_id = agreement.partner_id
from registry.agreements as agreement where agreement.agreement_id = version.agreement_id;
update registry.agreement_rules as rule set partner_id = agreement.partner_id
from registry.agreements as agreement where agreement.agreement_id = rule.agreement_id;
alter table registry.agreement_versions enable trigger append_only;
alter table registry.agreement_rules enable trigger append_only;
alter table registry.agreement_versions alter column partner_id set not null,
    add foreign key (agreement_id, partner_id) references registry.agreements (agreement_id, partner_id);
alter table registry.agreement_rules alter column partner_id set not null,
    add foreign key (agreement_id, partner_id) references registry.agreements (agreement_id, partner_id);

create function registry.fill_partner() returns trigger language plpgsql as $$
begin
    new.partner_id := (select partner_id from registry.agreements where agreement_id = new.agreement_id);
    return new;
end
$$;
comment on function registry.fill_partner() is 'Trigger: the partner is the agreement''s.';
create trigger fill_partner before insert on registry.agreement_versions
    for each row execute function registry.fill_partner();
create trigger fill_partner before insert on registry.agreement_rules
    for each row execute function registry.fill_partner();

alter table registry.partner_wallets
    add column chain_id text references registry.chains on delete restrict,
    add column wallet text,
    add column notes text;
update registry.partner_wallets as claim set chain_id = known.chain_id, wallet = known.wallet
from registry.wallets as known where known.wallet_id = claim.wallet_id;
alter table registry.partner_wallets alter column chain_id set not null, alter column wallet set not null;
create index partner_wallets_by_partner on registry.partner_wallets (partner_id, chain_id, wallet);

create function registry.fill_wallet() returns trigger language plpgsql as $$
begin
    select chain_id, wallet into new.chain_id, new.wallet
    from registry.wallets where wallet_id = new.wallet_id;
    return new;
end
$$;
comment on function registry.fill_wallet() is 'Trigger: chain and wallet are those of wallet_id.';
create trigger fill_wallet before insert or update on registry.partner_wallets
    for each row execute function registry.fill_wallet();

alter table computation.findings add column chain_id text;
update computation.findings as finding set chain_id = generation.chain_id
from computation.generations as generation where generation.generation_id = finding.generation_id;
alter table computation.findings alter column chain_id set not null;

create function computation.fill_chain() returns trigger language plpgsql as $$
begin
    new.chain_id := (
        select chain_id from computation.generations where generation_id = new.generation_id
    );
    return new;
end
$$;
comment on function computation.fill_chain() is 'Trigger: the chain is the generation''s.';
create trigger fill_chain before insert on computation.findings
    for each row execute function computation.fill_chain();

-- comments ------------------------------------------------------------------------------------------

comment on column registry.agreement_versions.partner_id is 'The agreement''s partner, filled by a trigger.';
comment on column registry.agreement_rules.partner_id is 'The agreement''s partner, filled by a trigger.';
comment on column registry.partner_wallets.chain_id is 'The wallet''s chain, filled by a trigger.';
comment on column registry.partner_wallets.wallet is 'The wallet''s address, filled by a trigger.';
comment on column registry.partner_wallets.notes is 'What whoever claimed it noted; null: nothing.';
comment on column computation.findings.chain_id is 'The generation''s chain, filled by a trigger.';

comment on table registry.declared_validators is
    'Validators registered through the API; a validator in chains.yaml is as it says there.';
comment on column registry.declared_validators.chain_id is 'The chain, as named in chains.yaml.';
comment on column registry.declared_validators.validator_key is 'The validator (on Solana: its vote account).';
comment on column registry.declared_validators.name is 'Its name; null: none declared.';
comment on column registry.declared_validators.identities is
    'A list of {"identity", "from_period"}: which identity it used from which period on.';
comment on column registry.declared_validators.own_wallets is
    'Withdrawers that are the operators own; null: not declared.';
comment on column registry.declared_validators.mev_declared_none is 'Whether it is declared to take no MEV.';
comment on column registry.declared_validators.reason is 'Why it was registered.';
comment on column registry.declared_validators.registered_at is 'When it was registered, UTC.';

comment on table access.users is 'Who may sign in, and what they are to the operator.';
comment on column access.users.user_id is 'Serial number; shown to nobody but other tables.';
comment on column access.users.username is 'What is typed to sign in; lower case.';
comment on column access.users.display_name is 'Name for people.';
comment on column access.users.role is 'ADMIN, FINANCE, OPS, PARTNER or AUDITOR.';
comment on column access.users.partner_id is 'The partner whose user it is; null for the operators own people.';
comment on column access.users.chain_ids is 'The chains it may see; null: all.';
comment on column access.users.validator_keys is
    'The validators it may see; null: all. A PARTNER sees the P&L of these alone; null: of none.';
comment on column access.users.password_hash is 'Argon2id, as PHC string; null: cannot sign in by password.';
comment on column access.users.oidc_issuer is 'Who vouches for it from outside; null: nobody.';
comment on column access.users.oidc_subject is 'Its name at that issuer.';
comment on column access.users.active is 'Whether it may sign in and act at all.';
comment on column access.users.expires_at is 'From when on it may not any more, UTC; an AUDITOR always has one.';
comment on column access.users.created_at is 'When it was added, UTC.';
comment on column access.users.version is 'Counts the changes, from 1.';

comment on table access.refresh_tokens is 'Refresh tokens; each is used once, and the next is of the same family.';
comment on column access.refresh_tokens.token_digest is 'SHA-256 of the token, 32 bytes.';
comment on column access.refresh_tokens.family_id is 'The session: the tokens that followed one sign-in.';
comment on column access.refresh_tokens.user_id is 'The user.';
comment on column access.refresh_tokens.issued_at is 'When it was given out, UTC.';
comment on column access.refresh_tokens.expires_at is 'Until when it can be used, UTC.';
comment on column access.refresh_tokens.used_at is 'When it was used, UTC; null: not yet.';
comment on column access.refresh_tokens.revoked_at is 'When it was withdrawn, UTC; null: it was not.';
comment on column access.refresh_tokens.revoked_because is 'Why it was withdrawn.';

comment on table access.api_tokens is 'Tokens for portals and programs.';
comment on column access.api_tokens.api_token_id is 'Its id.';
comment on column access.api_tokens.user_id is 'The user it acts as.';
comment on column access.api_tokens.name is 'What it is for.';
comment on column access.api_tokens.token_digest is 'SHA-256 of the token, 32 bytes.';
comment on column access.api_tokens.scopes is 'The capabilities it is narrowed to.';
comment on column access.api_tokens.created_at is 'When it was made, UTC.';
comment on column access.api_tokens.expires_at is 'Until when it can be used, UTC.';
comment on column access.api_tokens.last_used_at is 'When it was last used, UTC, or shortly before; null: never.';
comment on column access.api_tokens.revoked_at is 'When it was withdrawn, UTC; null: it was not.';

comment on table access.audit_log is 'Who did what: append-only, every row holds the hash of the one before.';
comment on column access.audit_log.sequence is 'From 1, without a gap.';
comment on column access.audit_log.at is 'When, UTC.';
comment on column access.audit_log.actor is 'Who: the users name, or a command and who ran it.';
comment on column access.audit_log.user_id is 'The user; null for a command, or somebody unknown.';
comment on column access.audit_log.action is 'What was to be done, such as releaseStatement.';
comment on column access.audit_log.object_type is 'What kind of thing it was done to.';
comment on column access.audit_log.object_id is 'Which one.';
comment on column access.audit_log.partner_id is 'The partner it is about; null: none, or several.';
comment on column access.audit_log.outcome is 'DONE, REFUSED (for a reason that was told) or FAILED.';
comment on column access.audit_log.reason is 'Why it was done, or why it was refused.';
comment on column access.audit_log.before is 'What the thing was; null: nothing, or not kept.';
comment on column access.audit_log.after is 'What it is since; null: nothing, or not kept.';
comment on column access.audit_log.request_digest is 'SHA-256 of the request, 32 bytes.';
comment on column access.audit_log.correlation_id is 'The requests id, in logs and answers.';
comment on column access.audit_log.previous_hash is 'The hash of the row before, 32 bytes; the first has zeros.';
comment on column access.audit_log.hash is 'SHA-256 over previous_hash and the row, 32 bytes; see audit.py.';

comment on table access.audit_head is 'One row: the last row of the audit log.';
comment on column access.audit_head.only_row is 'Always true: there is one row.';
comment on column access.audit_head.sequence is 'Its number; 0 while the log is empty.';
comment on column access.audit_head.hash is 'Its hash, 32 bytes; zeros while the log is empty.';

comment on table access.started_work is 'What was started under which key: asked again, it is not started twice.';
comment on column access.started_work.user_id is 'Who started it.';
comment on column access.started_work.operation is 'The mutation.';
comment on column access.started_work.idempotency_key is 'The callers own key.';
comment on column access.started_work.request_digest is 'SHA-256 of the input, 32 bytes: the same key, the same input.';
comment on column access.started_work.reference is 'What was started.';
comment on column access.started_work.started_at is 'When, UTC.';

comment on table computation.recomputes is 'Recomputes that were asked for through the API.';
comment on column computation.recomputes.recompute_id is 'Its id.';
comment on column computation.recomputes.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.recomputes.from_period is 'First period.';
comment on column computation.recomputes.to_period is 'Last period, inclusive.';
comment on column computation.recomputes.force is 'Whether providers are asked again, too.';
comment on column computation.recomputes.status is 'PENDING, RUNNING, SUCCESS, FAILED or CANCELED.';
comment on column computation.recomputes.reason is 'Why it was asked for.';
comment on column computation.recomputes.requested_by is 'Who asked for it.';
comment on column computation.recomputes.correlation_id is 'The requests id, in logs and answers.';
comment on column computation.recomputes.dagster_run_id is 'The Dagster run that does it; null: none yet.';
comment on column computation.recomputes.requested_at is 'When it was asked for, UTC.';
comment on column computation.recomputes.finished_at is 'When it ended, UTC; null: it has not.';
comment on column computation.recomputes.error is 'Why it failed; null: it did not.';
