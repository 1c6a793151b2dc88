-- A row is the set of responses in force for one role of a period, with what was found while asking.
select role, state, payload_count, finished_at, encode(content_digest, 'hex') as content_digest, run_id,
    coalesce(array(select finding ->> 'message' from jsonb_array_elements(findings) as finding), '{}') as findings
from staging.ingestions
where chain_id = %(chain_id)s and period_id = %(period_id)s and is_current
order by role
