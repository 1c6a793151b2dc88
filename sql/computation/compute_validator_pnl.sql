-- A row is one validator's P&L of one period; source: the canonical fees, MEV and rewards of that period.
-- Tables stand without a schema, as in inputs.sql, for a replay.
with kept as (
    select validator_key from validator_fees
    where chain_id = %(chain_id)s and period_id = %(period_id)s
    union
    select validator_key from validator_mev
    where chain_id = %(chain_id)s and period_id = %(period_id)s
    union
    select validator_key from validator_rewards
    where chain_id = %(chain_id)s and period_id = %(period_id)s
),
component as (
    select
        kept.validator_key,
        fees.operator_share as exec_fees,
        coalesce(fees.state::text, 'MISSING') as exec_fees_state,
        mev.operator_share as mev_tips,
        coalesce(mev.state::text, 'MISSING') as mev_tips_state,
        rewards.own_rewards as vote_rewards,
        case
            when rewards.own_rewards is null then 'MISSING'
            when rewards.stakers_state = 'PROVISIONAL' then 'PROVISIONAL'
            else rewards.state::text
        end as vote_rewards_state,
        rewards.commission,
        coalesce(rewards.state::text, 'MISSING') as commission_state
    from kept
    left join validator_fees as fees
        on
            fees.chain_id = %(chain_id)s and fees.period_id = %(period_id)s
            and fees.validator_key = kept.validator_key
    left join validator_mev as mev
        on
            mev.chain_id = %(chain_id)s and mev.period_id = %(period_id)s
            and mev.validator_key = kept.validator_key
    left join validator_rewards as rewards
        on
            rewards.chain_id = %(chain_id)s and rewards.period_id = %(period_id)s
            and rewards.validator_key = kept.validator_key
)
select
    %(chain_id)s as chain_id,
    %(period_id)s::bigint as period_id,
    validator_key,
    exec_fees, exec_fees_state,
    mev_tips, mev_tips_state,
    vote_rewards, vote_rewards_state,
    commission, commission_state,
    -- Adding an unknown gives an unknown: no total is shown while a component is missing.
    exec_fees + mev_tips + vote_rewards + commission as total_revenue,
    null::numeric as costs,
    null::numeric as net_income,
    case
        when 'MISSING' in (exec_fees_state, mev_tips_state, vote_rewards_state, commission_state)
            then 'INCOMPLETE'
        when 'PROVISIONAL' in (exec_fees_state, mev_tips_state, vote_rewards_state, commission_state)
            then 'PROVISIONAL'
        else 'COMPLETE'
    end as completeness
from component
order by validator_key
