-- A row is one set of responses that facts of a period were made from: those named, and those in force of roles.
select ingestion_id, role, state, is_current, content_digest, payload_count, run_id, finished_at
from staging.ingestions
where
    chain_id = %(chain_id)s and period_id = %(period_id)s
    and (ingestion_id = any(%(named)s) or (is_current and role = any(%(roles)s)))
order by array_position(%(roles)s::text[], role), ingestion_id
