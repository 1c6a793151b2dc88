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
