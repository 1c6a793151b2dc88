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
