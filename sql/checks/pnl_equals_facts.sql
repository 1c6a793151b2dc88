-- Offending rows: P&L whose components are not those of the canonical facts, or whose total is not their sum.
select pnl.validator_key
from computation.validator_pnl_current as pnl
left join canonical.validator_fees as fees using (chain_id, period_id, validator_key)
left join canonical.validator_mev as mev using (chain_id, period_id, validator_key)
left join canonical.validator_rewards as rewards using (chain_id, period_id, validator_key)
where
    pnl.chain_id = %(chain_id)s and pnl.period_id = %(period_id)s
    and (
        pnl.exec_fees is distinct from fees.operator_share
        or pnl.mev_tips is distinct from mev.operator_share
        or pnl.vote_rewards is distinct from rewards.own_rewards
        or pnl.commission is distinct from rewards.commission
        or pnl.total_revenue is distinct from
        pnl.exec_fees + pnl.mev_tips + pnl.vote_rewards + pnl.commission
    )
