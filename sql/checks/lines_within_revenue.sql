-- Offending rows: revenues of which partners' lines together claim more than there is; guarantees stand apart.
with claimed as (
    select validator_key, component, sum(amount) as amount
    from computation.commission_lines_current
    where chain_id = %(chain_id)s and period_id = %(period_id)s and validator_key is not null
    group by validator_key, component
)
select claimed.validator_key, claimed.component, claimed.amount
from claimed
left join computation.validator_pnl_current as pnl
    on
        pnl.chain_id = %(chain_id)s and pnl.period_id = %(period_id)s
        and pnl.validator_key = claimed.validator_key
where
    claimed.amount > 0
    and claimed.amount > coalesce(
        case claimed.component
            when 'EXEC_FEES' then pnl.exec_fees
            when 'MEV_TIPS' then pnl.mev_tips
            when 'VOTE_REWARDS' then pnl.vote_rewards
            when 'COMMISSION' then pnl.commission
        end,
        0
    )
