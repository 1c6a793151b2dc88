-- Recent periods of a chain for which something is still to be asked.
select distinct period_id
from staging.ingestions
where
    chain_id = %(chain_id)s and is_current and state = 'OPEN' and role <> 'periods'
    and period_id >= %(since)s
order by period_id
