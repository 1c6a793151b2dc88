-- A row is one released statement of a partner on a chain.
select statement_id, billing_month, content
from computation.statements
where partner_id = %(partner_id)s and chain_id = %(chain_id)s and status in ('RELEASED', 'PAID')
order by number
