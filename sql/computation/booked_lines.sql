-- A row is one commission line in force, with its partner's code.
select line.line_id, partner.code as partner_id, line.agreement_id, line.version, line.rule_id,
    line.validator_key, line.component, line.amount
from computation.commission_lines_current as line
join registry.partners as partner using (partner_id)
where line.chain_id = %(chain_id)s and line.period_id = %(period_id)s
order by partner.code, line.agreement_id, line.rule_id, line.validator_key nulls first
