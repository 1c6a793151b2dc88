-- name: add_payload
-- A row is one response as received; the same body to the same question is kept once.
insert into staging.payloads
    (chain_id, period_id, role, provider, endpoint, subject, request, request_digest, status, accepted,
     body, sha256, fetched_at, run_id)
values
    (%(chain_id)s, %(period_id)s, %(role)s, %(provider)s, %(endpoint)s, %(subject)s, %(request)s,
     %(request_digest)s, %(status)s, %(accepted)s, %(body)s, %(sha256)s, %(fetched_at)s, %(run_id)s)
on conflict (chain_id, period_id, role, request_digest, sha256, accepted) do nothing

-- name: accepted_digests
-- The questions of a slice that have an answer in staging which was not refused when it was read.
select distinct request_digest
from staging.payloads as answer
where
    chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s and accepted
    and not exists (
        select from staging.payloads as refused
        where
            refused.chain_id = answer.chain_id and refused.period_id = answer.period_id
            and refused.role = answer.role and refused.request_digest = answer.request_digest
            and refused.sha256 = answer.sha256 and not refused.accepted
    )

-- name: newest_response
-- The newest answer to one question of a slice, unless it was refused when it was read.
select status, body, fetched_at
from staging.payloads as answer
where
    chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s
    and request_digest = %(request_digest)s and accepted
    and not exists (
        select from staging.payloads as refused
        where
            refused.chain_id = answer.chain_id and refused.period_id = answer.period_id
            and refused.role = answer.role and refused.request_digest = answer.request_digest
            and refused.sha256 = answer.sha256 and not refused.accepted
    )
order by payload_id desc
limit 1

-- name: current_payloads
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

-- name: damaged_payloads
-- Offending rows: responses of a period whose body is not the one that was received, by its SHA-256.
select payload_id, role, provider, endpoint, sha256, sha256(body) as body_sha256
from staging.payloads
where chain_id = %(chain_id)s and period_id = %(period_id)s and sha256 <> sha256(body)
order by payload_id

-- name: payload_requests
-- A row is a response's question and the digest it is kept under, for every response of a period.
select payload_id, role, provider, endpoint, request, request_digest
from staging.payloads
where chain_id = %(chain_id)s and period_id = %(period_id)s
order by payload_id

-- name: payloads_of_ingestion
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

-- name: source_payloads
-- A row is one response behind a fact that was asked about: `asked` counts the facts from 1. Of a set of responses
-- only those about the fact's validator, or about no single one, in the order of asking. Source: the providers.
select asked.asked, source.*
from unnest(%(ingestion_ids)s::bigint[], %(validator_keys)s::text[])
    with ordinality as asked (ingestion_id, validator_key, asked)
cross join lateral (
    select member.position, ingestion.role, payload.provider, payload.endpoint, payload.subject,
        payload.request::text as request, payload.status, payload.fetched_at,
        encode(payload.sha256, 'hex') as sha256, octet_length(payload.body) as size_bytes, payload.run_id
    from staging.ingestions as ingestion
    join staging.ingestion_payloads as member using (ingestion_id)
    join staging.payloads as payload using (payload_id)
    where ingestion.ingestion_id = asked.ingestion_id
        and (
            payload.subject is null or payload.subject = asked.validator_key
            or payload.subject in (
                select identity.identity
                from canonical.validator_identities as identity
                where identity.chain_id = ingestion.chain_id and identity.period_id = ingestion.period_id
                    and identity.validator_key = asked.validator_key
            )
        )
    order by member.position
    limit %(row_limit)s
) as source
order by asked.asked, source.position
