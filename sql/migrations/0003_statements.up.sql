-- Overrides, monthly statements with their release, and corrections; a released one cannot be changed.

create index commission_lines_by_line on computation.commission_lines (line_id);

-- overrides -----------------------------------------------------------------------------------------

create table computation.overrides (
    override_id bigint generated always as identity primary key,
    line_id uuid not null,
    partner_id integer not null references registry.partners on delete restrict,
    chain_id text not null,
    period_id bigint not null,
    amount registry.native_amount_nn,
    computed_amount registry.native_amount,
    reason text not null check (btrim(reason) <> ''),
    made_by text not null check (btrim(made_by) <> ''),
    made_at timestamptz not null default now(),
    needs_second_person boolean not null,
    confirms bigint references computation.overrides on delete restrict,
    foreign key (chain_id, period_id) references registry.periods on delete restrict,
    -- Only a line that is computed can be given another amount; withdrawing works without one, too.
    check (amount is null or computed_amount is not null),
    check (amount is not null or confirms is null)
);
create index overrides_by_line on computation.overrides (line_id, override_id);
create unique index overrides_confirmed_once on computation.overrides (confirms);

comment on table computation.overrides is
    'Amounts people set in place of computed ones: one row an action, appended, the newest decides.';
comment on column computation.overrides.override_id is 'Orders the actions.';
comment on column computation.overrides.line_id is
    'The commission line; its id is the same at every recompute.';
comment on column computation.overrides.partner_id is 'The partner.';
comment on column computation.overrides.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.overrides.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column computation.overrides.amount is
    'What is owed instead, in native units; null withdraws the override before.';
comment on column computation.overrides.computed_amount is
    'What the line in force said then, in native units; null when there was none. Another one now: stale.';
comment on column computation.overrides.reason is 'Why.';
comment on column computation.overrides.made_by is 'Who.';
comment on column computation.overrides.made_at is 'When, UTC.';
comment on column computation.overrides.needs_second_person is
    'Whether it counts only once another person has confirmed it.';
comment on column computation.overrides.confirms is 'The action that this one confirms.';

create trigger append_only before update or delete on computation.overrides
    for each row execute function registry.refuse_change();
create trigger append_only_truncate before truncate on computation.overrides
    for each statement execute function registry.refuse_change();

create function computation.refuse_bad_confirmation() returns trigger language plpgsql as $$
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

create trigger confirmed_by_another before insert on computation.overrides
    for each row when (new.confirms is not null)
    execute function computation.refuse_bad_confirmation();

-- statements ----------------------------------------------------------------------------------------

create table computation.statements (
    statement_id uuid primary key,
    partner_id integer not null references registry.partners on delete restrict,
    chain_id text not null references registry.chains on delete restrict,
    billing_month date not null check (extract(day from billing_month) = 1),
    status text not null
        check (status in ('DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'RELEASED', 'PAID')),
    content jsonb,
    content_bytes bytea,
    content_sha256 bytea,
    total registry.native_amount,
    opening_balance registry.native_amount check (opening_balance <= 0),
    payable registry.native_amount_nn,
    closing_balance registry.native_amount check (closing_balance <= 0),
    number bigint unique check (number >= 1),
    prepared_by text check (btrim(prepared_by) <> ''),
    submitted_at timestamptz,
    approved_by text check (btrim(approved_by) <> ''),
    approved_at timestamptz,
    released_by text check (btrim(released_by) <> ''),
    released_at timestamptz,
    paid_by text check (btrim(paid_by) <> ''),
    paid_at timestamptz,
    unique (partner_id, chain_id, billing_month),
    check ((status = 'DRAFT') = (content is null)),
    check (
        num_nulls(content, content_bytes, content_sha256, total, opening_balance, payable, closing_balance,
            prepared_by, submitted_at) in (0, 9)
    ),
    check (content_sha256 = sha256(content_bytes)),
    check (content = convert_from(content_bytes, 'UTF8')::jsonb),
    check (payable = greatest(0, opening_balance + total)),
    check (payable + closing_balance = opening_balance + total),
    check ((status in ('APPROVED', 'RELEASED', 'PAID')) = (approved_by is not null)),
    check ((status in ('RELEASED', 'PAID')) = (released_by is not null)),
    check ((status = 'PAID') = (paid_by is not null)),
    check ((status in ('RELEASED', 'PAID')) = (number is not null)),
    check ((approved_by is null) = (approved_at is null)),
    check ((released_by is null) = (released_at is null)),
    check ((paid_by is null) = (paid_at is null)),
    constraint statements_preparer_is_not_approver
        check (lower(btrim(prepared_by)) <> lower(btrim(approved_by)))
);

comment on table computation.statements is
    'Monthly statements: one row a partner, chain and billing month, from its first submission on.';
comment on column computation.statements.statement_id is 'UUIDv5 of partner, chain and billing month.';
comment on column computation.statements.partner_id is 'The partner.';
comment on column computation.statements.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.statements.billing_month is
    'First day of the month in which its periods ended, UTC.';
comment on column computation.statements.status is 'DRAFT, PENDING_APPROVAL, APPROVED, RELEASED or PAID.';
comment on column computation.statements.content is
    'What it says, frozen when submitted; amounts are texts of native units.';
comment on column computation.statements.content_bytes is 'The same as RFC 8785 JSON, byte by byte.';
comment on column computation.statements.content_sha256 is 'SHA-256 of content_bytes, 32 bytes.';
comment on column computation.statements.total is 'Sum of its lines and corrections, in native units.';
comment on column computation.statements.opening_balance is
    'What the statement before left to be set off, in native units: zero or less.';
comment on column computation.statements.payable is 'What is paid, in native units.';
comment on column computation.statements.closing_balance is
    'What is left to be set off by the next one, in native units: zero or less.';
comment on column computation.statements.number is 'Its number, from 1 without a gap, given at release.';
comment on column computation.statements.prepared_by is 'Who submitted it.';
comment on column computation.statements.submitted_at is 'When it was submitted, UTC.';
comment on column computation.statements.approved_by is 'Who approved it: another person.';
comment on column computation.statements.approved_at is 'When it was approved, UTC.';
comment on column computation.statements.released_by is 'Who released it to the partner.';
comment on column computation.statements.released_at is 'When it was released, UTC.';
comment on column computation.statements.paid_by is 'Who noted the payment.';
comment on column computation.statements.paid_at is 'When the payment was noted, UTC.';

create function computation.guard_statement() returns trigger language plpgsql as $$
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

create trigger in_order before update on computation.statements
    for each row execute function computation.guard_statement();
create trigger never_deleted before delete on computation.statements
    for each row execute function registry.refuse_change();
create trigger never_truncated before truncate on computation.statements
    for each statement execute function registry.refuse_change();

create function computation.refuse_born_later() returns trigger language plpgsql as $$
begin
    raise exception 'a statement begins as DRAFT, not as %', new.status using errcode = 'restrict_violation';
end
$$;
comment on function computation.refuse_born_later() is 'Trigger: no statement skips its approval.';
create trigger begins_as_draft before insert on computation.statements
    for each row when (new.status <> 'DRAFT') execute function computation.refuse_born_later();

-- The lines and sections a released statement was made of, in whichever generation, stay as they are.
create function computation.refuse_released_change() returns trigger language plpgsql as $$
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

create trigger released_stays before update or delete on computation.commission_lines
    for each row execute function computation.refuse_released_change();
create trigger released_stays before update or delete on computation.commission_statements
    for each row execute function computation.refuse_released_change();
create trigger never_truncated before truncate on computation.commission_lines
    for each statement execute function registry.refuse_change();
create trigger never_truncated before truncate on computation.commission_statements
    for each statement execute function registry.refuse_change();

-- corrections ---------------------------------------------------------------------------------------

create table computation.true_ups (
    true_up_id uuid primary key,
    partner_id integer not null references registry.partners on delete restrict,
    chain_id text not null,
    period_id bigint not null,
    line_id uuid not null,
    sequence integer not null check (sequence >= 1),
    agreement_id text not null,
    version integer not null,
    rule_id text not null,
    validator_key text,
    component registry.component not null,
    released registry.native_amount not null,
    recomputed registry.native_amount not null,
    difference registry.native_amount not null check (difference = recomputed - released and difference <> 0),
    base registry.native_amount,
    override_reason text,
    cause text not null check (cause <> ''),
    released_in uuid not null references computation.statements on delete restrict,
    statement_id uuid references computation.statements on delete restrict,
    booked_at timestamptz not null default now(),
    unique (line_id, sequence),
    foreign key (chain_id, period_id) references registry.periods on delete restrict
);
create index true_ups_by_partner on computation.true_ups (partner_id, chain_id, statement_id);

comment on table computation.true_ups is
    'Corrections of released lines, one row a change; each goes into the next statement that is submitted.';
comment on column computation.true_ups.true_up_id is 'UUIDv5 of the line and the sequence.';
comment on column computation.true_ups.partner_id is 'The partner.';
comment on column computation.true_ups.chain_id is 'The chain, as named in chains.yaml.';
comment on column computation.true_ups.period_id is
    'The periods ordinal on its chain (a Solana epoch number).';
comment on column computation.true_ups.line_id is 'The original line.';
comment on column computation.true_ups.sequence is 'The first correction of that line is 1.';
comment on column computation.true_ups.agreement_id is 'The agreement.';
comment on column computation.true_ups.version is 'The agreements version, from 1.';
comment on column computation.true_ups.rule_id is 'The rule, unique within its agreement.';
comment on column computation.true_ups.validator_key is 'The validator; null on a guarantees line.';
comment on column computation.true_ups.component is 'EXEC_FEES, MEV_TIPS, VOTE_REWARDS or COMMISSION.';
comment on column computation.true_ups.released is
    'What was stated for the line so far, earlier corrections included, in native units.';
comment on column computation.true_ups.recomputed is 'What the line in force says, in native units.';
comment on column computation.true_ups.difference is
    'Owed on top, in native units; negative: stated too much.';
comment on column computation.true_ups.base is
    'The base of the line in force, in native units; null when there is no such line any more.';
comment on column computation.true_ups.override_reason is
    'Why a person set the amount; null when the engine computed it.';
comment on column computation.true_ups.cause is 'Why the two differ.';
comment on column computation.true_ups.released_in is 'The statement that released the periods month.';
comment on column computation.true_ups.statement_id is
    'The statement it is stated in; null until one is submitted, and again if that one is reopened.';
comment on column computation.true_ups.booked_at is 'When it was found, UTC.';

create function computation.guard_true_up() returns trigger language plpgsql as $$
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

create trigger only_moves before update on computation.true_ups
    for each row execute function computation.guard_true_up();
create trigger never_deleted before delete on computation.true_ups
    for each row execute function registry.refuse_change();
create trigger never_truncated before truncate on computation.true_ups
    for each statement execute function registry.refuse_change();
