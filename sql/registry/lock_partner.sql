-- One row: a partner, whose agreements nobody else changes meanwhile.
select partner_id, code, name
from registry.partners
where code = %(partner_code)s
for update
