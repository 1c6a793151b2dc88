-- A row is an ingestion of a period with what its digest and its count ought to be, from its responses' bodies.
-- The digest is over a JSON list of (question, body) digests in ascending order, as when it was finished.
select ingestion.ingestion_id, ingestion.role, ingestion.content_digest, ingestion.payload_count,
    count(payload.payload_id) as member_count,
    sha256(convert_to(
        '[' || coalesce(string_agg(
            format('["%%s", "%%s"]', encode(payload.request_digest, 'hex'), encode(sha256(payload.body), 'hex')),
            ', ' order by payload.request_digest, sha256(payload.body)
        ), '') || ']', 'UTF8'
    )) as member_digest
from staging.ingestions as ingestion
left join staging.ingestion_payloads as member using (ingestion_id)
left join staging.payloads as payload using (payload_id)
where ingestion.chain_id = %(chain_id)s and ingestion.period_id = %(period_id)s
group by ingestion.ingestion_id
order by ingestion.ingestion_id
