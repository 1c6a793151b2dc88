-- A row is what one rule of any partner claims of the same component of the same validator.
select partner.code as partner, line.agreement_id, line.rule_id, line.claimed, line.amount
from computation.commission_lines as line
join registry.partners as partner using (partner_id)
where
    line.generation_id = %(generation_id)s and line.validator_key = %(validator_key)s
    and line.component = %(component)s
order by partner.code, line.agreement_id, line.rule_id
