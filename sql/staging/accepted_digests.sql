-- The questions of a slice that have an answer in staging.
select distinct request_digest
from staging.payloads
where chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s and accepted
