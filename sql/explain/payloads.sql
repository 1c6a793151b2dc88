-- A row is one response of a set, in the order of asking; only those about the validator, or about no single one.
select member.position, payload.payload_id, payload.provider, payload.endpoint, payload.subject,
    payload.request, payload.status, payload.fetched_at, payload.sha256,
    octet_length(payload.body) as size_bytes
from staging.ingestion_payloads as member
join staging.payloads as payload using (payload_id)
where
    member.ingestion_id = %(ingestion_id)s
    and (payload.subject is null or payload.subject = any(%(subjects)s))
order by member.position
