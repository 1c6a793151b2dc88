-- A row is one response as received; the same body to the same question is kept once.
insert into staging.payloads
    (chain_id, period_id, role, provider, endpoint, subject, request, request_digest, status, accepted,
     body, sha256, fetched_at, run_id)
values
    (%(chain_id)s, %(period_id)s, %(role)s, %(provider)s, %(endpoint)s, %(subject)s, %(request)s,
     %(request_digest)s, %(status)s, %(accepted)s, %(body)s, %(sha256)s, %(fetched_at)s, %(run_id)s)
on conflict (chain_id, period_id, role, request_digest, sha256, accepted) do nothing
