-- One row: the newest period that ended before the month (UTC) and the oldest that ends after it.
select
    max(period_id) filter (where date_trunc('month', ends_at at time zone 'UTC')::date < %(month)s) as before,
    min(period_id) filter (where date_trunc('month', ends_at at time zone 'UTC')::date > %(month)s) as after
from registry.periods
where chain_id = %(chain_id)s
