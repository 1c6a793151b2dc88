-- A row is one validator's P&L in force for one period, by period and validator; source: the P&L step.
-- Joined from its generations, not through the view: only so is a page read in order without a sort of all.
select generation.period_id, pnl.validator_key, coalesce(validator.name, meta.name) as validator_name,
    pnl.exec_fees, pnl.exec_fees_state, pnl.mev_tips, pnl.mev_tips_state, pnl.vote_rewards,
    pnl.vote_rewards_state, pnl.commission, pnl.commission_state, pnl.total_revenue, pnl.costs, pnl.net_income,
    pnl.completeness, generation.created_at as computed_at
from computation.generations as generation
join computation.validator_pnl as pnl using (generation_id)
join registry.validators as validator
    on validator.chain_id = generation.chain_id and validator.validator_key = pnl.validator_key
left join canonical.validator_meta as meta
    on meta.chain_id = generation.chain_id and meta.period_id = generation.period_id
    and meta.validator_key = pnl.validator_key
where generation.dataset = 'validator_pnl' and generation.is_current
    and generation.chain_id = %(chain_id)s
    and generation.period_id >= greatest(0, %(from_period)s::bigint, %(after_period_id)s::bigint)
    and (%(to_period)s::bigint is null or generation.period_id <= %(to_period)s)
    and (%(validator_keys)s::text[] is null or pnl.validator_key = any(%(validator_keys)s))
    and (%(completeness)s::text[] is null or pnl.completeness = any(%(completeness)s))
    and (
        %(after_period_id)s::bigint is null
        or (generation.period_id, pnl.validator_key) > (%(after_period_id)s, %(after_validator_key)s::text)
    )
order by generation.period_id, pnl.validator_key
limit %(row_limit)s
