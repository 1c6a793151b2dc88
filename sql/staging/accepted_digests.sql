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
