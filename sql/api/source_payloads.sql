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
