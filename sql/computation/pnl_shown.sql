-- A row is one validator's P&L in force, the largest first, for people.
select coalesce(validator.name, pnl.validator_key), pnl.exec_fees, pnl.mev_tips, pnl.vote_rewards, pnl.commission,
    pnl.total_revenue, pnl.completeness
from computation.validator_pnl_current as pnl
join registry.validators as validator using (chain_id, validator_key)
where pnl.chain_id = %(chain_id)s and pnl.period_id = %(period_id)s
order by pnl.total_revenue desc nulls last, pnl.commission desc nulls last, pnl.validator_key
limit 50
