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
