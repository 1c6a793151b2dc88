-- A row is one commission line in force with its rule, by period, partner, agreement, rule and validator.
-- Source: the commission engine's lines; the rule is the version's that was applied, which never changes.
select line.line_id::text, generation.period_id, partner.code as partner_code, partner.name as partner_name,
    line.agreement_id, line.version, line.rule_id, line.validator_key,
    -- A guarantee's line has no validator: the empty text stands first in the order.
    coalesce(line.validator_key, '') as validator_position,
    coalesce(validator.name, meta.name) as validator_name,
    line.component, line.method, line.base, line.rate_trace, line.scaled, line.allocated, line.state,
    line.claimed, line.amount, line.engine_version, rule.floor_amount, rule.cap_amount, rule.guarantee,
    rule.loss_policy, rule.tiers ->> 'mode' as tier_mode, rule.tiers ->> 'metric' as tier_metric,
    rule.tiers ->> 'scope' as tier_scope
from computation.generations as generation
join computation.commission_lines as line using (generation_id)
join registry.partners as partner using (partner_id)
join registry.agreement_rules as rule using (agreement_id, version, rule_id)
left join registry.validators as validator
    on validator.chain_id = generation.chain_id and validator.validator_key = line.validator_key
left join canonical.validator_meta as meta
    on meta.chain_id = generation.chain_id and meta.period_id = generation.period_id
    and meta.validator_key = line.validator_key
where generation.dataset = 'commission_lines' and generation.is_current
    and generation.chain_id = %(chain_id)s
    and generation.period_id >= greatest(0, %(from_period)s::bigint, %(after_period_id)s::bigint)
    and (%(to_period)s::bigint is null or generation.period_id <= %(to_period)s)
    and (%(partner_code)s::text is null or partner.code = %(partner_code)s)
    and (%(validator_keys)s::text[] is null or line.validator_key = any(%(validator_keys)s))
    and (%(components)s::text[] is null or line.component = any(%(components)s))
    and (
        %(after_period_id)s::bigint is null
        or (generation.period_id, partner.code, line.agreement_id, line.rule_id,
            coalesce(line.validator_key, ''), line.line_id)
        > (%(after_period_id)s, %(after_partner_code)s::text, %(after_agreement_id)s::text,
            %(after_rule_id)s::text, %(after_validator_position)s::text, %(after_line_id)s::uuid)
    )
order by generation.period_id, partner.code, line.agreement_id, line.rule_id,
    coalesce(line.validator_key, ''), line.line_id
limit %(row_limit)s
