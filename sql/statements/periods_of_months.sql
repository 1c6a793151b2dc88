-- A row is a known period that ends in one of the months (UTC), and whether it has commission lines in force.
select period.period_id, period.label, period.starts_at, period.ends_at,
    exists (
        select
        from computation.generations as generation
        where
            generation.dataset = 'commission_lines' and generation.chain_id = period.chain_id
            and generation.period_id = period.period_id and generation.is_current
    ) as booked
from registry.periods as period
where
    period.chain_id = %(chain_id)s
    and date_trunc('month', period.ends_at at time zone 'UTC')::date = any(%(months)s::date[])
order by period.period_id
