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
