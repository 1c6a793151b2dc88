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
