-- The id of each partner by its code.
select code, partner_id
from registry.partners
