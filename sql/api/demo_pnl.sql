-- A row is one validator's P&L in force, by period and name, for the demonstration's table.
select pnl.period_id, coalesce(validator.name, pnl.validator_key), pnl.exec_fees, pnl.mev_tips,
    pnl.vote_rewards, pnl.commission, pnl.total_revenue, pnl.completeness
from computation.validator_pnl_current as pnl
join registry.validators as validator using (chain_id, validator_key)
where pnl.chain_id = %(chain_id)s and pnl.period_id between %(first)s and %(last)s
order by pnl.period_id, 2
