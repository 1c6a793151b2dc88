-- A row is one thing found while a period's facts were made from responses, such as a drift between providers.
select finding.dataset, finding.position, finding.code, finding.message, finding.validator_key,
    validator.name as validator_name
from canonical.findings as finding
left join registry.validators as validator using (chain_id, validator_key)
where finding.chain_id = %(chain_id)s and finding.period_id = %(period_id)s
    and (%(codes)s::text[] is null or finding.code = any(%(codes)s))
    and (
        %(after_position)s::integer is null
        or (finding.dataset, finding.position) > (%(after_dataset)s::text, %(after_position)s)
    )
order by finding.dataset, finding.position
limit %(row_limit)s
