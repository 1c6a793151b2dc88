-- One row: an agreement and its partner, whose agreements nobody else changes meanwhile.
select partner.partner_id, partner.code, agreement.name
from registry.agreements as agreement
join registry.partners as partner using (partner_id)
where agreement.agreement_id = %(agreement_id)s
for update
