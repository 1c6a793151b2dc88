-- name: largest_pnl
-- A row is one validator's P&L in force, the largest first, for people.
select coalesce(validator.name, pnl.validator_key), pnl.exec_fees, pnl.mev_tips, pnl.vote_rewards, pnl.commission,
    pnl.total_revenue, pnl.completeness
from computation.validator_pnl_current as pnl
join registry.validators as validator using (chain_id, validator_key)
where pnl.chain_id = %(chain_id)s and pnl.period_id = %(period_id)s
order by pnl.total_revenue desc nulls last, pnl.commission desc nulls last, pnl.validator_key
limit 50

-- name: pnl_totals
-- One row: how many validators are in which state, and what is known of each component in all.
select
    count(*) filter (where completeness = 'COMPLETE'),
    count(*) filter (where completeness = 'PROVISIONAL'),
    count(*) filter (where completeness = 'INCOMPLETE'),
    sum(exec_fees), sum(mev_tips), sum(vote_rewards), sum(commission), sum(total_revenue)
from computation.validator_pnl_current
where chain_id = %(chain_id)s and period_id = %(period_id)s

-- name: pnl_of_generation
-- One row: a validator's P&L of the generation that commission lines are based on.
select pnl.generation_id, generation.is_current, pnl.exec_fees, pnl.exec_fees_state, pnl.mev_tips,
    pnl.mev_tips_state, pnl.vote_rewards, pnl.vote_rewards_state, pnl.commission, pnl.commission_state,
    pnl.total_revenue, pnl.completeness
from computation.validator_pnl as pnl
join computation.generations as generation using (generation_id)
where pnl.generation_id = %(generation_id)s and pnl.validator_key = %(validator_key)s

-- name: demo_pnl
-- A row is one validator's P&L in force, by period and name, for the demonstration's table.
select pnl.period_id, coalesce(validator.name, pnl.validator_key), pnl.exec_fees, pnl.mev_tips,
    pnl.vote_rewards, pnl.commission, pnl.total_revenue, pnl.completeness
from computation.validator_pnl_current as pnl
join registry.validators as validator using (chain_id, validator_key)
where pnl.chain_id = %(chain_id)s and pnl.period_id between %(first)s and %(last)s
order by pnl.period_id, 2

-- name: pnl_page
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
