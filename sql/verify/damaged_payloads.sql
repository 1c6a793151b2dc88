-- Offending rows: responses of a period whose body is not the one that was received, by its SHA-256.
select payload_id, role, provider, endpoint, sha256, sha256(body) as body_sha256
from staging.payloads
where chain_id = %(chain_id)s and period_id = %(period_id)s and sha256 <> sha256(body)
order by payload_id
