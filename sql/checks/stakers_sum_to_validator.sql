-- Offending rows: validators whose stakers' rewards or commissions do not sum to the validator's own.
with staker as (
    select
        validator_key, sum(reward) as reward, sum(commission) as commission,
        bool_and(commission is not null) as commissions_known, bool_and(reward is not null) as rewards_known
    from canonical.stake_rewards
    where chain_id = %(chain_id)s and period_id = %(period_id)s
    group by validator_key
)
select rewards.validator_key, rewards.delegators_share, staker.reward, rewards.commission, staker.commission
from canonical.validator_rewards as rewards
join staker using (validator_key)
where
    rewards.chain_id = %(chain_id)s and rewards.period_id = %(period_id)s
    and rewards.stakers_state = 'FINAL'
    and (
        (staker.rewards_known and staker.reward <> rewards.delegators_share)
        or (staker.commissions_known and staker.commission <> rewards.commission)
    )
