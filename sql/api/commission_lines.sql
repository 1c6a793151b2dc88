-- A row is one commission line in force with its rule, by period, partner, agreement, rule and validator.
-- Source: the commission engine's lines; the rule is the version's that was applied, which never changes.
-- The page is cut first, partner by partner of each generation; only its rows are given names and rules. The
-- trace and the rule's terms, most of a row, are null unless they are asked for.
select page.line_id::text, page.period_id, page.partner_code, page.partner_name,
    page.agreement_id, page.version, page.rule_id, page.validator_key, page.validator_position,
    coalesce(validator.name, (
        select meta.name
        from canonical.validator_meta as meta
        where meta.chain_id = page.chain_id and meta.period_id = page.period_id
            and meta.validator_key = page.validator_key
    )) as validator_name,
    page.component, page.method, page.base, case when %(with_trace)s then page.rate_trace end as rate_trace,
    page.scaled, page.allocated, page.state, page.claimed, page.amount, page.engine_version,
    rule.floor_amount, rule.cap_amount, rule.guarantee, rule.loss_policy, rule.tiers ->> 'mode' as tier_mode,
    rule.tiers ->> 'metric' as tier_metric, rule.tiers ->> 'scope' as tier_scope
from (
    select partner.code as partner_code, partner.name as partner_name, line.*
    from computation.generations as generation
    join registry.partners as partner on %(partner_code)s::text is null or partner.code = %(partner_code)s
    cross join lateral (
        -- A guarantee's line has no validator: the empty text stands first in the order.
        select *, coalesce(validator_key, '') as validator_position
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
                    %(after_rule_id)s::text, %(after_validator_position)s::text, %(after_line_id)s::uuid)
            )
        order by agreement_id, rule_id, coalesce(validator_key, ''), line_id
        limit %(row_limit)s
    ) as line
    where generation.dataset = 'commission_lines' and generation.is_current
        and generation.chain_id = %(chain_id)s
        and generation.period_id >= greatest(0, %(from_period)s::bigint, %(after_period_id)s::bigint)
        and (%(to_period)s::bigint is null or generation.period_id <= %(to_period)s)
    order by generation.period_id, partner.code, line.agreement_id, line.rule_id, line.validator_position,
        line.line_id
    limit %(row_limit)s
) as page
left join registry.agreement_rules as rule
    on %(with_trace)s and rule.agreement_id = page.agreement_id and rule.version = page.version
    and rule.rule_id = page.rule_id
left join registry.validators as validator
    on validator.chain_id = page.chain_id and validator.validator_key = page.validator_key
order by page.period_id, page.partner_code, page.agreement_id, page.rule_id, page.validator_position,
    page.line_id
