-- A row is a response's question and the digest it is kept under, for every response of a period.
select payload_id, role, provider, endpoint, request, request_digest
from staging.payloads
where chain_id = %(chain_id)s and period_id = %(period_id)s
order by payload_id
