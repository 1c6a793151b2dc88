-- One row: how many periods of the range are known.
select count(*)
from registry.periods
where chain_id = %(chain_id)s and period_id between %(from_period)s and %(to_period)s
