-- A row is one commission line in force, the largest first, for people.
select partner.code, line.agreement_id, line.rule_id, coalesce(validator.name, line.validator_key, '(guarantee)'),
    line.component, line.base, line.amount
from computation.commission_lines_current as line
join registry.partners as partner using (partner_id)
left join registry.validators as validator using (chain_id, validator_key)
where line.chain_id = %(chain_id)s and line.period_id = %(period_id)s
order by line.amount desc, partner.code, line.line_id
limit 50
