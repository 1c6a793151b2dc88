-- A row is one validator's P&L of one generation; source: validator_pnl.sql.
copy computation.validator_pnl
    (generation_id, chain_id, period_id, validator_key, exec_fees, exec_fees_state, mev_tips, mev_tips_state,
     vote_rewards, vote_rewards_state, commission, commission_state, total_revenue, costs, net_income,
     completeness)
from stdin
