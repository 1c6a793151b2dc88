-- One row: how many validators are in which state, and what is known of each component in all.
select
    count(*) filter (where completeness = 'COMPLETE'),
    count(*) filter (where completeness = 'PROVISIONAL'),
    count(*) filter (where completeness = 'INCOMPLETE'),
    sum(exec_fees), sum(mev_tips), sum(vote_rewards), sum(commission), sum(total_revenue)
from computation.validator_pnl_current
where chain_id = %(chain_id)s and period_id = %(period_id)s
