-- One row: a validator's consensus rewards of a period.
select state, commission, delegators_share, own_rewards, active_stake, stakers_state, staker_count, provider,
    ingestion_id
from canonical.validator_rewards
where chain_id = %(chain_id)s and period_id = %(period_id)s and validator_key = %(validator_key)s
