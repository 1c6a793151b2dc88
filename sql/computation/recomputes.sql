-- name: add_recompute
-- A row is one recompute that was asked for; Dagster's sensor takes it up.
insert into computation.recomputes
    (recompute_id, chain_id, from_period, to_period, force, status, reason, requested_by, correlation_id)
values
    (%(recompute_id)s, %(chain_id)s, %(from_period)s, %(to_period)s, %(force)s, 'PENDING', %(reason)s,
     %(requested_by)s, %(correlation_id)s)

-- name: update_recompute
-- What Dagster says of the recompute's run; what has ended stays so.
update computation.recomputes
set
    status = %(status)s, dagster_run_id = %(dagster_run_id)s, error = %(error)s,
    finished_at = case when %(status)s in ('PENDING', 'RUNNING') then null else now() end
where recompute_id = %(recompute_id)s and status in ('PENDING', 'RUNNING')

-- name: unfinished_recomputes
-- A row is one recompute of the chain that has not ended, the oldest first.
select recompute_id::text, from_period, to_period, force, status, requested_by, correlation_id, dagster_run_id
from computation.recomputes
where chain_id = %(chain_id)s and status in ('PENDING', 'RUNNING')
order by requested_at, recompute_id

-- name: recompute_page
-- A row is one recompute that was asked for, the newest first; source: people, and Dagster's runs of them.
select recompute_id::text, chain_id, from_period, to_period, force, status, reason, requested_by, correlation_id,
    dagster_run_id, requested_at, finished_at, error,
    to_char(requested_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as requested_position
from computation.recomputes
where
    (%(recompute_id)s::uuid is null or recompute_id = %(recompute_id)s)
    and (%(chain_id)s::text is null or chain_id = %(chain_id)s)
    and (%(statuses)s::text[] is null or status = any(%(statuses)s))
    and (
        %(after_requested_position)s::text is null
        or (to_char(requested_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), recompute_id)
        < (%(after_requested_position)s, %(after_recompute_id)s::uuid)
    )
order by requested_at desc, recompute_id desc
limit %(row_limit)s
