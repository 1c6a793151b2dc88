-- A row is a partner with a released statement on the chain.
select distinct partner.code
from computation.statements as statement
join registry.partners as partner using (partner_id)
where statement.chain_id = %(chain_id)s and statement.status in ('RELEASED', 'PAID')
order by partner.code
