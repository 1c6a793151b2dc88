-- One row: a validator's P&L of the generation that commission lines are based on.
select pnl.generation_id, generation.is_current, pnl.exec_fees, pnl.exec_fees_state, pnl.mev_tips,
    pnl.mev_tips_state, pnl.vote_rewards, pnl.vote_rewards_state, pnl.commission, pnl.commission_state,
    pnl.total_revenue, pnl.completeness
from computation.validator_pnl as pnl
join computation.generations as generation using (generation_id)
where pnl.generation_id = %(generation_id)s and pnl.validator_key = %(validator_key)s
