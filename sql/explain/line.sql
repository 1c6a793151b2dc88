-- One row: a commission line of a generation with everybody it names; source: the engine, and the agreements.
select line.line_id, line.chain_id, line.period_id, period.label as period_label,
    line.validator_key, validator.name as validator_name, partner.code as partner, partner.name as partner_name,
    line.agreement_id, agreement.name as agreement_name, line.version, line.rule_id,
    line.component, line.method, line.base, line.rate_trace, line.scaled, line.allocated, line.state,
    line.claimed, line.amount, line.engine_version, line.generation_id, generation.based_on,
    generation.run_id, generation.created_at, period.starts_at, period.ends_at,
    statement.statement_id, statement.total as statement_total,
    version.valid_from, version.valid_until, version.reason as version_reason,
    version.recorded_at as version_recorded_at
from computation.commission_lines as line
join computation.generations as generation using (generation_id)
join registry.periods as period
    on period.chain_id = line.chain_id and period.period_id = line.period_id
join registry.partners as partner using (partner_id)
join registry.agreements as agreement using (agreement_id)
join registry.agreement_versions as version using (agreement_id, version)
left join registry.validators as validator
    on validator.chain_id = line.chain_id and validator.validator_key = line.validator_key
left join computation.commission_statements as statement
    on statement.generation_id = line.generation_id and statement.partner_id = line.partner_id
where line.generation_id = %(generation_id)s and line.line_id = %(line_id)s
