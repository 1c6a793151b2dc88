-- The times of one period.
select starts_at, ends_at
from registry.periods
where chain_id = %(chain_id)s and period_id = %(period_id)s
