-- The ingestion in force for a chain, period and role.
select ingestion_id, state, head_period, payload_count, content_digest, findings
from staging.ingestions
where chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s and is_current
