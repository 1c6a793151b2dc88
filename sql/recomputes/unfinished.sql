-- A row is one recompute of the chain that has not ended, the oldest first.
select recompute_id::text, from_period, to_period, force, status, requested_by, correlation_id, dagster_run_id
from computation.recomputes
where chain_id = %(chain_id)s and status in ('PENDING', 'RUNNING')
order by requested_at, recompute_id
