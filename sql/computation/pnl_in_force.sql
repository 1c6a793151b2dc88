-- A row is one validator's P&L in force.
select validator_key, exec_fees, exec_fees_state, mev_tips, mev_tips_state, vote_rewards, vote_rewards_state,
    commission, commission_state
from computation.validator_pnl_current
where chain_id = %(chain_id)s and period_id = %(period_id)s
order by validator_key
