-- The newest answer to one question of a slice.
select status, body, fetched_at
from staging.payloads
where
    chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s
    and request_digest = %(request_digest)s and accepted
order by payload_id desc
limit 1
