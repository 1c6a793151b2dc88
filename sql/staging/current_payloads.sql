-- Every response of the ingestions in force, in the order they were asked.
select payload.role, payload.provider, payload.endpoint, payload.subject, payload.request, payload.status,
    payload.body, payload.fetched_at
from staging.ingestions as ingestion
join staging.ingestion_payloads as member using (ingestion_id)
join staging.payloads as payload using (payload_id)
where
    ingestion.chain_id = %(chain_id)s and ingestion.period_id = %(period_id)s
    and ingestion.role = any(%(roles)s) and ingestion.is_current
order by ingestion.role, member.position
