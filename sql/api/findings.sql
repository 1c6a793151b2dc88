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
