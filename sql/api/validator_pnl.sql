-- A row is one validator's P&L in force for one period, by period and validator; source: the P&L step.
-- The page is cut first, generation by generation in the key's order, and only its rows are given names.
select page.period_id, page.validator_key, coalesce(validator.name, (
        select meta.name
        from canonical.validator_meta as meta
        where meta.chain_id = page.chain_id and meta.period_id = page.period_id
            and meta.validator_key = page.validator_key
    )) as validator_name,
    page.exec_fees, page.exec_fees_state, page.mev_tips, page.mev_tips_state, page.vote_rewards,
    page.vote_rewards_state, page.commission, page.commission_state, page.total_revenue, page.costs,
    page.net_income, page.completeness, page.computed_at
from (
    select generation.created_at as computed_at, pnl.*
    from computation.generations as generation
    cross join lateral (
        select *
        from computation.validator_pnl
        where generation_id = generation.generation_id
            and (%(validator_keys)s::text[] is null or validator_key = any(%(validator_keys)s))
            and (%(completeness)s::text[] is null or completeness = any(%(completeness)s))
            and (
                %(after_period_id)s::bigint is null
                or (generation.period_id, validator_key) > (%(after_period_id)s, %(after_validator_key)s::text)
            )
        order by validator_key
        limit %(row_limit)s
    ) as pnl
    where generation.dataset = 'validator_pnl' and generation.is_current
        and generation.chain_id = %(chain_id)s
        and generation.period_id >= greatest(0, %(from_period)s::bigint, %(after_period_id)s::bigint)
        and (%(to_period)s::bigint is null or generation.period_id <= %(to_period)s)
    order by generation.period_id, pnl.validator_key
    limit %(row_limit)s
) as page
left join registry.validators as validator
    on validator.chain_id = page.chain_id and validator.validator_key = page.validator_key
order by page.period_id, page.validator_key
