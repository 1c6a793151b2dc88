-- name: booked_lines
-- A row is one commission line in force, with its partner's code.
select line.line_id, partner.code as partner_id, line.agreement_id, line.version, line.rule_id,
    line.validator_key, line.component, line.amount
from computation.commission_lines_current as line
join registry.partners as partner using (partner_id)
where line.chain_id = %(chain_id)s and line.period_id = %(period_id)s
order by partner.code, line.agreement_id, line.rule_id, line.validator_key nulls first

-- name: largest_lines
-- A row is one commission line in force, the largest first, for people.
select partner.code, line.agreement_id, line.rule_id, coalesce(validator.name, line.validator_key, '(guarantee)'),
    line.component, line.base, line.amount
from computation.commission_lines_current as line
join registry.partners as partner using (partner_id)
left join registry.validators as validator using (chain_id, validator_key)
where line.chain_id = %(chain_id)s and line.period_id = %(period_id)s
order by line.amount desc, partner.code, line.line_id
limit 50

-- name: lines_of_months
-- A row is one commission line in force of a partner, in the periods that end in one of the months (UTC).
select line.line_id, line.period_id, line.agreement_id, line.version, line.rule_id, line.validator_key,
    validator.name as validator_name, line.component, line.method, line.base, line.rate_trace as trace,
    line.amount as computed, line.allocated, line.scaled, line.state, line.engine_version
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

-- name: current_amount
-- At most one row: where a line is, and its amount in force; null when it only was there once.
select line.partner_id, line.chain_id, line.period_id,
    max(line.amount) filter (where generation.is_current) as amount
from computation.commission_lines as line
join computation.generations as generation using (generation_id)
where line.line_id = %(line_id)s
group by line.partner_id, line.chain_id, line.period_id

-- name: line_with_context
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

-- name: lines_by_id
-- A row is a commission line whose id lies in a range, and the newest generation it is in, in force or not.
select distinct on (line.line_id) line.line_id, line.generation_id, generation.is_current
from computation.commission_lines as line
join computation.generations as generation using (generation_id)
where line.line_id between %(lowest)s and %(highest)s
order by line.line_id, generation.is_current desc, line.generation_id desc
limit %(row_limit)s

-- name: lines_of_rule
-- A row is one line of the same rule in the same generation: its rule's total is split over these.
select line_id, validator_key, base, claimed
from computation.commission_lines
where
    generation_id = %(generation_id)s and agreement_id = %(agreement_id)s and version = %(version)s
    and rule_id = %(rule_id)s
order by validator_key nulls first

-- name: claims_on_component
-- A row is what one rule of any partner claims of the same component of the same validator.
select partner.code as partner, line.agreement_id, line.rule_id, line.claimed, line.amount
from computation.commission_lines as line
join registry.partners as partner using (partner_id)
where
    line.generation_id = %(generation_id)s and line.validator_key = %(validator_key)s
    and line.component = %(component)s
order by partner.code, line.agreement_id, line.rule_id

-- name: period_of_line
-- At most one row: where the commission line in force of that id is; source: the engine.
select line.chain_id, line.period_id
from computation.commission_lines as line
join computation.generations as generation using (generation_id)
where line.line_id = %(line_id)s and generation.is_current

-- name: demo_lines
-- A row is one line of a partner's statement of a period, for the demonstration's table.
select line.rule_id, coalesce(validator.name, line.validator_key, '(guarantee)'), line.component, line.base,
    line.rate_trace, line.amount
from computation.commission_lines_current as line
join registry.partners as partner using (partner_id)
left join registry.validators as validator using (chain_id, validator_key)
where line.chain_id = %(chain_id)s and line.period_id = %(last)s and partner.code = %(partner)s
order by line.rule_id, 2
