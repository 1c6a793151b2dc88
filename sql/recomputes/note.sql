-- What Dagster says of the recompute's run; what has ended stays so.
update computation.recomputes
set
    status = %(status)s, dagster_run_id = %(dagster_run_id)s, error = %(error)s,
    finished_at = case when %(status)s in ('PENDING', 'RUNNING') then null else now() end
where recompute_id = %(recompute_id)s and status in ('PENDING', 'RUNNING')
