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
