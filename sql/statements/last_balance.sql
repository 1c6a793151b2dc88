-- At most one row: what the partner's newest released statement on the chain left to be set off.
select closing_balance
from computation.statements
where partner_id = %(partner_id)s and chain_id = %(chain_id)s and number is not null
order by number desc
limit 1
