-- A row is one commission line in force with its rule, by period, partner, agreement, rule and validator.
-- Source: the commission engine's lines; the rule is the version's that was applied, which never changes.
-- The page is cut partner by partner of each generation, in an index's order; names are looked up for its rows
-- alone. The trace and the rule's terms, most of a row, are null unless they are asked for.
select line.line_id::text, generation.period_id, partner.code as partner_code, partner.name as partner_name,
    line.agreement_id, line.version, line.rule_id, line.validator_key,
    coalesce((
        select validator.name
        from registry.validators as validator
        where validator.chain_id = generation.chain_id and validator.validator_key = line.validator_key
    ), (
        select meta.name
        from canonical.validator_meta as meta
        where meta.chain_id = generation.chain_id and meta.period_id = generation.period_id
            and meta.validator_key = line.validator_key
    )) as validator_name,
    line.component, line.method, line.base, line.rate_trace, line.scaled, line.allocated, line.state,
    line.claimed, line.amount, line.engine_version,
    rule.floor_amount, rule.cap_amount, rule.guarantee, rule.loss_policy, rule.tiers ->> 'mode' as tier_mode,
    rule.tiers ->> 'metric' as tier_metric, rule.tiers ->> 'scope' as tier_scope
from computation.generations as generation
join registry.partners as partner on %(partner_code)s::text is null or partner.code = %(partner_code)s
cross join lateral (
    -- A guarantee's line has no validator: the empty text stands first in the order.
    select agreement_id, version, rule_id, validator_key, coalesce(validator_key, '') as validator_position,
        line_id, component, method, base, case when %(with_trace)s then rate_trace end as rate_trace, scaled,
        allocated, state, claimed, amount, engine_version
    from computation.commission_lines
    where generation_id = generation.generation_id
        -- The same again, for the index that begins with the partner.
        and partner_id = partner.partner_id and chain_id = generation.chain_id
        and period_id = generation.period_id
        and (%(validator_keys)s::text[] is null or validator_key = any(%(validator_keys)s))
        and (%(components)s::text[] is null or component = any(%(components)s))
        and (%(line_id)s::uuid is null or line_id = %(line_id)s)
        and (
            %(after_period_id)s::bigint is null
            or (generation.period_id, partner.code, agreement_id, rule_id, coalesce(validator_key, ''),
                line_id)
            > (%(after_period_id)s, %(after_partner_code)s::text, %(after_agreement_id)s::text,
                %(after_rule_id)s::text, %(after_validator_key)s::text, %(after_line_id)s::uuid)
        )
    order by agreement_id, rule_id, coalesce(validator_key, ''), line_id
    limit %(row_limit)s
) as line
left join registry.agreement_rules as rule
    on %(with_trace)s and rule.agreement_id = line.agreement_id and rule.version = line.version
    and rule.rule_id = line.rule_id
where generation.dataset = 'commission_lines' and generation.is_current
    and generation.chain_id = %(chain_id)s
    and generation.period_id >= greatest(0, %(from_period)s::bigint, %(after_period_id)s::bigint)
    and (%(to_period)s::bigint is null or generation.period_id <= %(to_period)s)
order by generation.period_id, partner.code, line.agreement_id, line.rule_id, line.validator_position,
    line.line_id
limit %(row_limit)s
