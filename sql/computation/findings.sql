-- name: blocking_findings
-- A row is one finding in force that stops the release of a partner's statement for one of the months (UTC).
select generation.period_id, finding.code, finding.message
from computation.generations as generation
join computation.findings as finding using (generation_id)
join registry.periods as period
    on period.chain_id = generation.chain_id and period.period_id = generation.period_id
where
    generation.dataset = 'commission_lines' and generation.is_current and finding.blocks_release
    and generation.chain_id = %(chain_id)s
    and (finding.partner_id = %(partner_id)s or finding.partner_id is null)
    and date_trunc('month', period.ends_at at time zone 'UTC')::date = any(%(months)s::date[])
order by generation.period_id, finding.position

-- name: findings_of_partner
-- A row is one finding of a generation about one partner, or about all; source: the engine.
select finding.position, finding.code, finding.message, finding.partner_id, finding.validator_key,
    validator.name as validator_name, finding.component, finding.blocks_release
from computation.findings as finding
left join registry.validators as validator
    on validator.chain_id = %(chain_id)s and validator.validator_key = finding.validator_key
where finding.generation_id = %(generation_id)s
    and (finding.partner_id = %(partner_id)s or finding.partner_id is null)
    and (%(after_position)s::integer is null or finding.position > %(after_position)s)
order by finding.position
limit %(row_limit)s

-- name: finding_page
-- A row is one thing found while the commissions in force of a period were computed; source: the engine.
select finding.position, finding.code, finding.message, partner.code as partner_code, finding.validator_key,
    validator.name as validator_name, finding.component, finding.blocks_release
from computation.generations as generation
join computation.findings as finding using (generation_id)
left join registry.partners as partner on partner.partner_id = finding.partner_id
left join registry.validators as validator
    on validator.chain_id = generation.chain_id and validator.validator_key = finding.validator_key
where generation.dataset = 'commission_lines' and generation.is_current
    and generation.chain_id = %(chain_id)s and generation.period_id = %(period_id)s
    and (%(codes)s::text[] is null or finding.code = any(%(codes)s))
    and (%(after_position)s::integer is null or finding.position > %(after_position)s)
order by finding.position
limit %(row_limit)s
