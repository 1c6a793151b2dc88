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
