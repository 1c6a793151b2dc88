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
