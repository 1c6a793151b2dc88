-- A row is one commission line in force of a partner, in the periods that end in one of the months (UTC).
select line.line_id, line.period_id, line.agreement_id, line.version, line.rule_id, line.validator_key,
    validator.name as validator_name, line.component, line.method, line.base, line.rate_trace, line.amount,
    line.allocated, line.scaled, line.state, line.engine_version
from computation.commission_lines as line
join computation.generations as generation using (generation_id)
join registry.periods as period
    on period.chain_id = line.chain_id and period.period_id = line.period_id
left join registry.validators as validator
    on validator.chain_id = line.chain_id and validator.validator_key = line.validator_key
where
    generation.is_current and line.partner_id = %(partner_id)s and line.chain_id = %(chain_id)s
    and date_trunc('month', period.ends_at at time zone 'UTC')::date = any(%(months)s::date[])
order by line.period_id, line.agreement_id, line.rule_id, coalesce(line.validator_key, ''), line.line_id
