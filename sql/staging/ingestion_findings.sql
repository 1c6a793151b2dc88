-- What the asking of a slice found, as a JSON list.
select findings
from staging.ingestions
where chain_id = %(chain_id)s and period_id = %(period_id)s and role = %(role)s and is_current
