-- name: lock_slice
-- One writer a slice: held to the end of the transaction.
select pg_advisory_xact_lock(
    hashtextextended('staging/' || %(chain_id)s || '/' || %(period_id)s::text || '/' || %(role)s, 0)
)

-- name: current_ingestion
-- The ingestion in force for a chain, period and role.
select ingestion_id, state, head_period, payload_count, content_digest, findings
from staging.ingestions
where chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s and is_current

-- name: supersede_ingestion
-- The ingestion in force steps back; it is never deleted.
update staging.ingestions
set is_current = false
where chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s and is_current

-- name: add_ingestion
-- A row is one finished set of responses.
insert into staging.ingestions
    (chain_id, period_id, role, state, is_current, content_digest, payload_count, head_period, findings, run_id)
values
    (%(chain_id)s, %(period_id)s, %(role)s, %(state)s, true, %(content_digest)s, %(payload_count)s,
     %(head_period)s, %(findings)s, %(run_id)s)
returning ingestion_id, state, head_period, payload_count, content_digest, findings

-- name: add_ingestion_payload
-- A row says that a response belongs to an ingestion.
insert into staging.ingestion_payloads (ingestion_id, position, payload_id)
select %(ingestion_id)s, %(position)s, payload_id
from staging.payloads
where
    chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s
    and request_digest = %(request_digest)s and sha256 = %(sha256)s and accepted

-- name: ingestion_findings
-- What the asking of a slice found, as a JSON list.
select findings
from staging.ingestions
where chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s and is_current

-- name: open_periods
-- Recent periods of a chain for which something is still to be asked.
select distinct period_id
from staging.ingestions
where
    chain_id = %(chain_id)s and is_current and state = 'OPEN' and role <> 'periods'
    and period_id >= %(since)s
order by period_id

-- name: ingestion_digests
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

-- name: ingestions_behind
-- A row is one set of responses that facts of a period were made from: those named, and those in force of roles.
select ingestion_id, role, state, is_current, content_digest, payload_count, run_id, finished_at
from staging.ingestions
where
    chain_id = %(chain_id)s and period_id = %(period_id)s
    and (ingestion_id = any(%(named)s) or (is_current and role = any(%(roles)s)))
order by array_position(%(roles)s::text[], role), ingestion_id

-- name: ingestions_of_period
-- A row is the set of responses in force for one role of a period, with what was found while asking.
select role, state, payload_count, finished_at, encode(content_digest, 'hex') as content_digest, run_id,
    coalesce(array(select finding ->> 'message' from jsonb_array_elements(findings) as finding), '{}') as findings
from staging.ingestions
where chain_id = %(chain_id)s and period_id = %(period_id)s and is_current
order by role
