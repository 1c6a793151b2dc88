-- A row is the partner of that code, if there is one; source: the agreements.
select partner_id, code, name
from registry.partners
where code = %(partner_code)s
