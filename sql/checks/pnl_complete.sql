-- Offending rows: validators whose P&L is not complete, with what is missing or provisional.
select validator_key, completeness, exec_fees_state, mev_tips_state, vote_rewards_state, commission_state
from computation.validator_pnl_current
where chain_id = %(chain_id)s and period_id = %(period_id)s and completeness <> 'COMPLETE'
order by validator_key
