-- A row is one line of a partner's statement of a period, for the demonstration's table.
select line.rule_id, coalesce(validator.name, line.validator_key, '(guarantee)'), line.component, line.base,
    line.rate_trace, line.amount
from computation.commission_lines_current as line
join registry.partners as partner using (partner_id)
left join registry.validators as validator using (chain_id, validator_key)
where line.chain_id = %(chain_id)s and line.period_id = %(last)s and partner.code = %(partner)s
order by line.rule_id, 2
