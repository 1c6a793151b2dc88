-- The five schemas, exact amounts, and every table from a provider's response to a partner's statement.

create schema registry;
create schema staging;
create schema canonical;
create schema computation;
create schema access;

comment on schema registry is 'Chains, providers, periods, validators, partners, wallets, agreements.';
comment on schema staging is 'Responses as received, with their SHA-256.';
comment on schema canonical is 'Facts per chain, period and validator, the same shape for every chain.';
comment on schema computation is 'What is derived: P&L, stake per partner, commission lines, statements.';
comment on schema access is 'Users and the audit log.';

-- Over unconstrained numeric on purpose: numeric(78,0) would round 1.5 to 2 before any check sees it.
create domain registry.native_amount as numeric
    check (value = trunc(value) and value > -(2::numeric ^ 256) and value < 2::numeric ^ 256);
comment on domain registry.native_amount is
    'A whole amount in the chain''s native unit (lamports, wei); may be negative; magnitude below 2^256.';

create domain registry.native_amount_nn as registry.native_amount check (value >= 0);
comment on domain registry.native_amount_nn is 'A native_amount that is never negative.';

create domain registry.bps as integer check (value between 0 and 10000);
comment on domain registry.bps is 'A rate in basis points, 0 to 10,000.';

create domain registry.fact_state as text check (value in ('FINAL', 'PROVISIONAL', 'MISSING'));
comment on domain registry.fact_state is 'How sure a fact is; MISSING has no amount.';

create domain registry.component as text
    check (value in ('EXEC_FEES', 'MEV_TIPS', 'VOTE_REWARDS', 'COMMISSION'));
comment on domain registry.component is 'One of the four components of a validator''s revenue.';

-- registry ------------------------------------------------------------------------------------------

create table registry.chains (
    chain_id text primary key check (chain_id <> ''),
    name text not null check (name <> ''),
    protocol text not null,
    period_type text not null check (period_type in ('EPOCH', 'BLOCK_WINDOW', 'SLOT_RANGE')),
    native_unit text not null,
    native_decimals integer not null check (native_decimals >= 0),
    display_unit text not null,
    finality_lag integer not null check (finality_lag >= 0),
    finality_lag_unit text not null
);

create table registry.providers (
    provider text primary key check (provider <> ''),
    enabled boolean not null
);

create table registry.chain_providers (
    chain_id text not null references registry.chains on delete cascade,
    role text not null check (role in ('periods', 'fees', 'mev', 'rewards', 'meta', 'stakes')),
    priority integer not null check (priority >= 1),
    provider text not null references registry.providers on delete cascade,
    primary key (chain_id, role, priority),
    unique (chain_id, role, provider)
);

create table registry.periods (
    chain_id text not null references registry.chains on delete restrict,
    period_id bigint not null check (period_id >= 0),
    label text not null,
    first_slot bigint not null check (first_slot >= 0),
    last_slot bigint not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    primary key (chain_id, period_id),
    check (first_slot <= last_slot),
    check (starts_at < ends_at)
);

create table registry.validators (
    chain_id text not null references registry.chains on delete restrict,
    validator_key text not null check (validator_key <> ''),
    name text,
    primary key (chain_id, validator_key)
);

create table registry.operator_wallets (
    chain_id text not null,
    validator_key text not null,
    wallet text not null check (wallet <> ''),
    primary key (chain_id, validator_key, wallet),
    foreign key (chain_id, validator_key) references registry.validators on delete cascade
);

create table registry.partners (
    partner_id integer generated always as identity primary key,
    code text not null unique check (code ~ '^[a-z0-9][a-z0-9-]*$'),
    name text not null check (name <> '')
);

create table registry.wallets (
    wallet_id bigint generated always as identity primary key,
    chain_id text not null references registry.chains on delete restrict,
    wallet text not null check (wallet <> ''),
    unique (chain_id, wallet)
);

create table registry.partner_wallets (
    wallet_id bigint not null references registry.wallets on delete restrict,
    partner_id integer not null references registry.partners on delete restrict,
    valid tstzrange not null check (not isempty(valid) and not lower_inf(valid)),
    recorded_at timestamptz not null default now(),
    primary key (wallet_id, partner_id, valid),
    -- One partner a wallet at a time. int8range stands in for equality: no btree_gist in the embedded server.
    exclude using gist (int8range(wallet_id, wallet_id, '[]') with &&, valid with &&)
);

create table registry.agreements (
    agreement_id text primary key check (agreement_id ~ '^[a-z0-9][a-z0-9-]*$'),
    partner_id integer not null references registry.partners on delete restrict,
    name text not null,
    status text not null check (status in ('DRAFT', 'ACTIVE', 'SUSPENDED', 'TERMINATED'))
);

create table registry.agreement_versions (
    agreement_id text not null references registry.agreements on delete restrict,
    version integer not null check (version >= 1),
    valid_from timestamptz not null,
    valid_until timestamptz,
    reason text not null,
    recorded_at timestamptz not null default now(),
    primary key (agreement_id, version),
    check (valid_until is null or valid_from < valid_until)
);

create table registry.agreement_rules (
    agreement_id text not null,
    version integer not null,
    rule_id text not null check (rule_id <> ''),
    rule_order integer not null check (rule_order >= 1),
    component registry.component not null,
    method text not null check (method in ('CLIENT_REVENUE', 'STAKE_WEIGHT', 'FIXED_SHARE')),
    chain_id text references registry.chains on delete restrict,
    validator_key text,
    rate_bps registry.bps,
    tiers jsonb,
    floor_amount registry.native_amount_nn,
    cap_amount registry.native_amount_nn,
    guarantee boolean not null default false,
    loss_policy text not null default 'CARRY' check (loss_policy in ('CARRY', 'NO_CARRY')),
    primary key (agreement_id, version, rule_id),
    unique (agreement_id, version, rule_order),
    foreign key (agreement_id, version) references registry.agreement_versions on delete restrict,
    check ((rate_bps is null) <> (tiers is null)),
    check (floor_amount is null or cap_amount is null or floor_amount <= cap_amount)
);

create function registry.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
        using errcode = 'restrict_violation';
end
$$;
comment on function registry.refuse_change() is 'Trigger of append-only tables: nobody edits or removes a row.';

create trigger append_only before update or delete on registry.agreement_versions
    for each row execute function registry.refuse_change();
create trigger append_only before update or delete on registry.agreement_rules
    for each row execute function registry.refuse_change();
create trigger append_only_truncate before truncate on registry.agreement_versions
    for each statement execute function registry.refuse_change();
create trigger append_only_truncate before truncate on registry.agreement_rules
    for each statement execute function registry.refuse_change();

-- staging -------------------------------------------------------------------------------------------

create table staging.payloads (
    payload_id bigint generated always as identity primary key,
    chain_id text not null references registry.chains on delete restrict,
    period_id bigint not null check (period_id >= 0),
    role text not null check (role in ('periods', 'fees', 'mev', 'rewards', 'meta', 'stakes')),
    provider text not null references registry.providers on delete restrict,
    endpoint text not null,
    subject text,
    request jsonb not null,
    request_digest bytea not null check (octet_length(request_digest) = 32),
    status integer not null,
    accepted boolean not null,
    body bytea not null,
    sha256 bytea not null check (sha256 = sha256(body)),
    fetched_at timestamptz not null,
    run_id text not null,
    unique (chain_id, period_id, role, request_digest, sha256, accepted)
);
-- Bodies are stored as they are: compressing them costs more than it saves (measured), and hides the bytes.
alter table staging.payloads alter column body set storage external;
create trigger append_only before update or delete on staging.payloads
    for each row execute function registry.refuse_change();
create trigger append_only_truncate before truncate on staging.payloads
    for each statement execute function registry.refuse_change();

create table staging.ingestions (
    ingestion_id bigint generated always as identity primary key,
    chain_id text not null references registry.chains on delete restrict,
    period_id bigint not null check (period_id >= 0),
    role text not null check (role in ('periods', 'fees', 'mev', 'rewards', 'meta', 'stakes')),
    state text not null check (state in ('SETTLED', 'OPEN')),
    is_current boolean not null,
    content_digest bytea not null check (octet_length(content_digest) = 32),
    payload_count integer not null check (payload_count >= 0),
    head_period bigint not null,
    findings jsonb not null default '[]',
    run_id text not null,
    finished_at timestamptz not null default now()
);
create unique index ingestions_one_current on staging.ingestions (chain_id, period_id, role) where is_current;

create table staging.ingestion_payloads (
    ingestion_id bigint not null references staging.ingestions on delete restrict,
    position integer not null check (position >= 0),
    payload_id bigint not null references staging.payloads on delete restrict,
    primary key (ingestion_id, position)
);

-- canonical -----------------------------------------------------------------------------------------

create table canonical.validator_identities (
    chain_id text not null,
    period_id bigint not null,
    validator_key text not null,
    identity text not null check (identity <> ''),
    source text not null,
    ingestion_id bigint not null references staging.ingestions on delete restrict,
    primary key (chain_id, period_id, validator_key),
    foreign key (chain_id, period_id) references registry.periods on delete restrict,
    foreign key (chain_id, validator_key) references registry.validators on delete restrict
);

create table canonical.validator_fees (
    chain_id text not null,
    period_id bigint not null,
    validator_key text not null,
    state registry.fact_state not null,
    gross registry.native_amount,
    delegators_share registry.native_amount_nn,
    operator_share registry.native_amount,
    produced_blocks integer check (produced_blocks >= 0),
    provider text not null references registry.providers on delete restrict,
    ingestion_id bigint not null references staging.ingestions on delete restrict,
    primary key (chain_id, period_id, validator_key),
    foreign key (chain_id, period_id) references registry.periods on delete restrict,
    foreign key (chain_id, validator_key) references registry.validators on delete restrict,
    check ((state = 'MISSING') = (operator_share is null))
);

create table canonical.validator_mev (
    chain_id text not null,
    period_id bigint not null,
    validator_key text not null,
    state registry.fact_state not null,
    gross registry.native_amount_nn,
    protocol_fee registry.native_amount_nn,
    delegators_share registry.native_amount_nn,
    operator_share registry.native_amount_nn,
    commission_bps registry.bps,
    provider text not null references registry.providers on delete restrict,
    ingestion_id bigint not null references staging.ingestions on delete restrict,
    primary key (chain_id, period_id, validator_key),
    foreign key (chain_id, period_id) references registry.periods on delete restrict,
    foreign key (chain_id, validator_key) references registry.validators on delete restrict,
    check ((state = 'MISSING') = (operator_share is null)),
    check (state = 'MISSING' or gross = protocol_fee + delegators_share + operator_share)
);

create table canonical.validator_rewards (
    chain_id text not null,
    period_id bigint not null,
    validator_key text not null,
    state registry.fact_state not null,
    commission registry.native_amount,
    delegators_share registry.native_amount,
    own_rewards registry.native_amount,
    active_stake registry.native_amount_nn,
    stakers_state registry.fact_state not null,
    staker_count integer not null check (staker_count >= 0),
    provider text not null references registry.providers on delete restrict,
    ingestion_id bigint not null references staging.ingestions on delete restrict,
    primary key (chain_id, period_id, validator_key),
    foreign key (chain_id, period_id) references registry.periods on delete restrict,
    foreign key (chain_id, validator_key) references registry.validators on delete restrict,
    check ((state = 'MISSING') = (commission is null))
);

create table canonical.stake_rewards (
    chain_id text not null,
    period_id bigint not null,
    validator_key text not null,
    stake_account text not null check (stake_account <> ''),
    staker text,
    withdrawer text,
    active_stake registry.native_amount_nn,
    stake_basis text not null check (stake_basis in ('SNAPSHOT', 'REWARD_SHARE', 'UNKNOWN')),
    reward registry.native_amount,
    commission registry.native_amount,
    tips registry.native_amount_nn,
    tips_commission registry.native_amount_nn,
    ingestion_id bigint not null,
    primary key (chain_id, period_id, validator_key, stake_account),
    check ((stake_basis = 'UNKNOWN') = (active_stake is null))
);
create index stake_rewards_by_withdrawer on canonical.stake_rewards (chain_id, period_id, withdrawer);

create table canonical.validator_meta (
    chain_id text not null,
    period_id bigint not null,
    validator_key text not null,
    name text,
    identity text,
    commission_bps registry.bps,
    version text,
    delinquent boolean,
    website text,
    provider text not null references registry.providers on delete restrict,
    ingestion_id bigint not null references staging.ingestions on delete restrict,
    primary key (chain_id, period_id, validator_key),
    foreign key (chain_id, period_id) references registry.periods on delete restrict,
    foreign key (chain_id, validator_key) references registry.validators on delete restrict
);

create table canonical.findings (
    chain_id text not null,
    period_id bigint not null,
    dataset text not null,
    position integer not null check (position >= 0),
    code text not null check (code <> ''),
    message text not null,
    validator_key text,
    primary key (chain_id, period_id, dataset, position)
);

-- computation ---------------------------------------------------------------------------------------

create table computation.generations (
    generation_id bigint generated always as identity primary key,
    dataset text not null check (dataset in ('validator_pnl', 'commission_lines')),
    chain_id text not null,
    period_id bigint not null,
    is_current boolean not null,
    content_digest bytea not null check (octet_length(content_digest) = 32),
    row_count integer not null check (row_count >= 0),
    based_on bigint references computation.generations on delete restrict,
    engine_version text not null,
    run_id text not null,
    created_at timestamptz not null default now(),
    foreign key (chain_id, period_id) references registry.periods on delete restrict
);
create unique index generations_one_current
    on computation.generations (dataset, chain_id, period_id) where is_current;

create table computation.validator_pnl (
    generation_id bigint not null references computation.generations on delete restrict,
    chain_id text not null,
    period_id bigint not null,
    validator_key text not null,
    exec_fees registry.native_amount,
    exec_fees_state registry.fact_state not null,
    mev_tips registry.native_amount,
    mev_tips_state registry.fact_state not null,
    vote_rewards registry.native_amount,
    vote_rewards_state registry.fact_state not null,
    commission registry.native_amount,
    commission_state registry.fact_state not null,
    total_revenue registry.native_amount,
    costs registry.native_amount_nn,
    net_income registry.native_amount,
    completeness text not null check (completeness in ('COMPLETE', 'PROVISIONAL', 'INCOMPLETE')),
    primary key (generation_id, validator_key),
    foreign key (chain_id, validator_key) references registry.validators on delete restrict,
    check ((exec_fees_state = 'MISSING') = (exec_fees is null)),
    check ((mev_tips_state = 'MISSING') = (mev_tips is null)),
    check ((vote_rewards_state = 'MISSING') = (vote_rewards is null)),
    check ((commission_state = 'MISSING') = (commission is null)),
    check ((completeness = 'INCOMPLETE') = (total_revenue is null)),
    check (total_revenue is null or total_revenue = exec_fees + mev_tips + vote_rewards + commission),
    check (net_income is null or net_income = total_revenue - costs)
);
create index validator_pnl_by_validator on computation.validator_pnl (chain_id, validator_key, period_id);

create table computation.partner_stake (
    generation_id bigint not null references computation.generations on delete restrict,
    chain_id text not null,
    period_id bigint not null,
    validator_key text not null,
    partner_id integer references registry.partners on delete restrict,
    active_stake registry.native_amount_nn,
    wallet_count integer not null check (wallet_count >= 1),
    unique nulls not distinct (generation_id, validator_key, partner_id)
);

create table computation.commission_lines (
    generation_id bigint not null references computation.generations on delete restrict,
    line_id uuid not null,
    chain_id text not null,
    period_id bigint not null,
    validator_key text,
    partner_id integer not null references registry.partners on delete restrict,
    agreement_id text not null,
    version integer not null,
    rule_id text not null,
    component registry.component not null,
    method text not null check (method in ('CLIENT_REVENUE', 'STAKE_WEIGHT', 'FIXED_SHARE')),
    base registry.native_amount not null,
    rate_trace jsonb not null,
    floor_applied boolean not null,
    cap_applied boolean not null,
    scaled boolean not null,
    allocated boolean not null,
    state registry.fact_state not null check (state <> 'MISSING'),
    claimed registry.native_amount not null,
    amount registry.native_amount not null,
    engine_version text not null,
    primary key (generation_id, line_id),
    foreign key (agreement_id, version, rule_id) references registry.agreement_rules on delete restrict
);
create index commission_lines_by_partner
    on computation.commission_lines (partner_id, chain_id, period_id, validator_key);

create table computation.rule_histories (
    generation_id bigint not null references computation.generations on delete restrict,
    chain_id text not null,
    period_id bigint not null,
    agreement_id text not null,
    rule_id text not null,
    base_to_date registry.native_amount_nn,
    loss_carried registry.native_amount_nn,
    scope_window text,
    primary key (generation_id, agreement_id, rule_id)
);

create table computation.commission_statements (
    generation_id bigint not null references computation.generations on delete restrict,
    statement_id uuid not null,
    partner_id integer not null references registry.partners on delete restrict,
    chain_id text not null,
    period_id bigint not null,
    billing_month date not null check (extract(day from billing_month) = 1),
    status text not null
        check (status in ('DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'RELEASED', 'PAID')),
    total registry.native_amount not null,
    line_count integer not null check (line_count >= 0),
    releasable boolean not null,
    primary key (generation_id, statement_id),
    unique (generation_id, partner_id)
);

create table computation.findings (
    generation_id bigint not null references computation.generations on delete restrict,
    position integer not null check (position >= 0),
    code text not null check (code <> ''),
    message text not null,
    partner_id integer references registry.partners on delete restrict,
    validator_key text,
    component registry.component,
    blocks_release boolean not null,
    primary key (generation_id, position)
);

create view computation.validator_pnl_current with (security_invoker = true) as
select pnl.*
from computation.validator_pnl as pnl
join computation.generations as generation using (generation_id)
where generation.is_current;

create view computation.partner_stake_current with (security_invoker = true) as
select stake.*
from computation.partner_stake as stake
join computation.generations as generation using (generation_id)
where generation.is_current;

create view computation.commission_lines_current with (security_invoker = true) as
select line.*
from computation.commission_lines as line
join computation.generations as generation using (generation_id)
where generation.is_current;

create view computation.commission_statements_current with (security_invoker = true) as
select statement.*
from computation.commission_statements as statement
join computation.generations as generation using (generation_id)
where generation.is_current;

comment on view computation.validator_pnl_current is 'The P&L in force: one row a validator and period.';
comment on view computation.partner_stake_current is 'Stake per partner in force; partner null is the house.';
comment on view computation.commission_lines_current is 'The commission lines in force.';
comment on view computation.commission_statements_current is 'The statements in force.';
