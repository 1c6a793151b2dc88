-- name: submitted_statement
-- At most one row: the statement of a partner, chain and month, once it was submitted.
select statement_id, status, content, content_bytes, content_sha256, number, prepared_by, submitted_at,
    approved_by, approved_at, released_by, released_at, paid_by, paid_at
from computation.statements
where partner_id = %(partner_id)s and chain_id = %(chain_id)s and billing_month = %(month)s

-- name: put_draft
-- A row is one statement, in DRAFT until it is submitted.
insert into computation.statements (statement_id, partner_id, chain_id, billing_month, status)
values (%(statement_id)s, %(partner_id)s, %(chain_id)s, %(month)s, 'DRAFT')
on conflict do nothing

-- name: submit
-- The statement is frozen as it is and waits for approval.
update computation.statements
set
    status = 'PENDING_APPROVAL', content = %(content)s, content_bytes = %(content_bytes)s,
    content_sha256 = %(content_sha256)s, total = %(total)s, opening_balance = %(opening_balance)s,
    payable = %(payable)s, closing_balance = %(closing_balance)s, prepared_by = %(by)s, submitted_at = now()
where statement_id = %(statement_id)s

-- name: approve
-- Another person has approved the statement.
update computation.statements
set status = 'APPROVED', approved_by = %(by)s, approved_at = now()
where statement_id = %(statement_id)s

-- name: release
-- The statement gets the next number, and never changes again.
update computation.statements
set
    status = 'RELEASED', released_by = %(by)s, released_at = now(),
    number = computation.next_statement_number()
where statement_id = %(statement_id)s

-- name: pay
-- The statement was paid.
update computation.statements
set status = 'PAID', paid_by = %(by)s, paid_at = now()
where statement_id = %(statement_id)s

-- name: reopen
-- The statement is a draft again: what was frozen and approved is forgotten.
update computation.statements
set
    status = 'DRAFT', content = null, content_bytes = null, content_sha256 = null, total = null,
    opening_balance = null, payable = null, closing_balance = null, prepared_by = null, submitted_at = null,
    approved_by = null, approved_at = null
where statement_id = %(statement_id)s

-- name: statement_list
-- A row is one monthly statement: those that were submitted, and a draft for every month with lines in force.
with place as (
    select partner_id, chain_id, billing_month from computation.statements
    union
    select partner_id, chain_id, billing_month from computation.commission_statements_current
)
select partner.code as partner, chain.chain_id, place.billing_month as month, coalesce(statement.status, 'DRAFT') as status,
    statement.number, statement.total, statement.payable, statement.closing_balance, chain.native_decimals,
    chain.display_unit
from place
join registry.partners as partner using (partner_id)
join registry.chains as chain using (chain_id)
left join computation.statements as statement using (partner_id, chain_id, billing_month)
where
    (%(partner)s::text is null or partner.code = %(partner)s)
    and (%(chain_id)s::text is null or chain.chain_id = %(chain_id)s)
    and (%(month)s::date is null or place.billing_month = %(month)s)
order by chain.chain_id, place.billing_month, partner.code

-- name: statement_of_period
-- At most one row: the statement of a partner for the month in which a period ended (UTC).
select partner.code, statement.billing_month, statement.status
from computation.statements as statement
join registry.partners as partner using (partner_id)
join registry.periods as period
    on period.chain_id = statement.chain_id
    and date_trunc('month', period.ends_at at time zone 'UTC')::date = statement.billing_month
where
    statement.partner_id = %(partner_id)s and statement.chain_id = %(chain_id)s
    and period.period_id = %(period_id)s

-- name: released_statements
-- A row is one released statement of a partner on a chain.
select statement_id, billing_month, content
from computation.statements
where partner_id = %(partner_id)s and chain_id = %(chain_id)s and status in ('RELEASED', 'PAID')
order by number

-- name: partners_with_released
-- A row is a partner with a released statement on the chain.
select distinct partner.code
from computation.statements as statement
join registry.partners as partner using (partner_id)
where statement.chain_id = %(chain_id)s and statement.status in ('RELEASED', 'PAID')
order by partner.code

-- name: partners_released_in_period
-- A row is a partner whose statement with this period is released: its lines are corrected, never changed.
select partner.code
from computation.statements as statement
join registry.partners as partner using (partner_id)
join registry.periods as period
    on period.chain_id = statement.chain_id
    and date_trunc('month', period.ends_at at time zone 'UTC') = statement.billing_month
where
    statement.chain_id = %(chain_id)s and period.period_id = %(period_id)s
    and statement.status in ('RELEASED', 'PAID')
order by partner.code

-- name: last_balance
-- At most one row: what the partner's newest released statement on the chain left to be set off.
select closing_balance
from computation.statements
where partner_id = %(partner_id)s and chain_id = %(chain_id)s and number is not null
order by number desc
limit 1

-- name: earlier_open_month
-- At most one row: the oldest earlier month of the partner on the chain with lines, that is not released.
select place.billing_month
from (
    select billing_month
    from computation.commission_statements_current
    where partner_id = %(partner_id)s and chain_id = %(chain_id)s
    union
    select billing_month
    from computation.statements
    where partner_id = %(partner_id)s and chain_id = %(chain_id)s and status <> 'DRAFT'
) as place
where
    place.billing_month < %(month)s
    and not exists (
        select
        from computation.statements as statement
        where
            statement.partner_id = %(partner_id)s and statement.chain_id = %(chain_id)s
            and statement.billing_month = place.billing_month and statement.status in ('RELEASED', 'PAID')
    )
order by place.billing_month
limit 1

-- name: current_sections
-- A row is one partner's statement in force, for people.
select partner.code, statement.line_count, statement.status,
    case when statement.releasable then 'yes' else 'no' end, statement.total
from computation.commission_statements_current as statement
join registry.partners as partner using (partner_id)
where statement.chain_id = %(chain_id)s and statement.period_id = %(period_id)s
order by partner.code

-- name: section_of_period
-- A row is what is in force for one partner, chain and period, if there is anything; source: the engine.
-- The status is that of the month's statement, as far as the reader may see that.
select section.generation_id, section.partner_id, section.billing_month,
    coalesce(statement.status, 'DRAFT') as status, section.total, section.line_count, section.releasable,
    generation.created_at as computed_at, generation.engine_version
from computation.commission_statements as section
join computation.generations as generation using (generation_id)
left join computation.statements as statement
    on statement.partner_id = section.partner_id and statement.chain_id = section.chain_id
    and statement.billing_month = section.billing_month
where generation.dataset = 'commission_lines' and generation.is_current
    and generation.chain_id = %(chain_id)s and generation.period_id = %(period_id)s
    and section.partner_id = %(partner_id)s

-- name: demo_statement
-- One row: a partner's statement of a period, and how many responses are behind that period's facts.
select partner.name, statement.period_id, statement.status, statement.total, statement.line_count,
    (
        select count(distinct member.payload_id)
        from staging.ingestions as ingestion
        join staging.ingestion_payloads as member using (ingestion_id)
        where
            ingestion.chain_id = statement.chain_id and ingestion.period_id = statement.period_id
            and ingestion.is_current
    )
from computation.commission_statements_current as statement
join registry.partners as partner using (partner_id)
where
    statement.chain_id = %(chain_id)s and statement.period_id = %(last)s and partner.code = %(partner)s

-- name: statement_contents
-- A row is what one submitted statement says, frozen; source: the submission.
select statement_id::text, content, encode(content_sha256, 'hex') as sha256
from computation.statements
where statement_id = any(%(statement_ids)s::uuid[]) and content is not null

-- name: statement_page
-- A row is one monthly statement, newest month first: those submitted and, unless asked only for released ones, a
-- draft for every month with lines in force. Source: people's work, and the engine.
with place as (
    select partner_id, chain_id, billing_month from computation.statements
    union
    select partner_id, chain_id, billing_month from computation.commission_statements_current
    where not %(released_only)s
),
stated as (
    select partner.code as partner_code, partner.name as partner_name, chain.chain_id,
        to_char(place.billing_month, 'YYYY-MM') as month, coalesce(statement.status, 'DRAFT') as status,
        statement.statement_id::text, statement.number, statement.total, statement.opening_balance,
        statement.payable, statement.closing_balance, encode(statement.content_sha256, 'hex') as sha256,
        statement.prepared_by, statement.submitted_at, statement.approved_by, statement.approved_at,
        statement.released_by, statement.released_at, statement.paid_by, statement.paid_at,
        chain.native_unit, chain.native_decimals, chain.display_unit
    from place
    join registry.partners as partner using (partner_id)
    join registry.chains as chain using (chain_id)
    left join computation.statements as statement using (partner_id, chain_id, billing_month)
    where
        (%(partner_code)s::text is null or partner.code = %(partner_code)s)
        and (%(chain_id)s::text is null or place.chain_id = %(chain_id)s)
        and (not %(released_only)s or statement.status in ('RELEASED', 'PAID'))
)
select *
from stated
where
    (%(from_month)s::text is null or month >= %(from_month)s)
    and (%(to_month)s::text is null or month <= %(to_month)s)
    and (%(statuses)s::text[] is null or status = any(%(statuses)s))
    and (
        %(after_month)s::text is null or month < %(after_month)s
        or (month = %(after_month)s
            and (chain_id, partner_code) > (%(after_chain_id)s::text, %(after_partner_code)s::text))
    )
order by month desc, chain_id, partner_code
limit %(row_limit)s
