-- name: validator_fees
-- One row: a validator's execution fees of a period.
select state, gross, delegators_share, operator_share, produced_blocks, provider, ingestion_id
from canonical.validator_fees
where chain_id = %(chain_id)s and period_id = %(period_id)s and validator_key = %(validator_key)s

-- name: validator_mev
-- One row: a validator's MEV of a period.
select state, gross, protocol_fee, delegators_share, operator_share, commission_bps, provider, ingestion_id
from canonical.validator_mev
where chain_id = %(chain_id)s and period_id = %(period_id)s and validator_key = %(validator_key)s

-- name: validator_rewards
-- One row: a validator's consensus rewards of a period.
select state, commission, delegators_share, own_rewards, active_stake, stakers_state, staker_count, provider,
    ingestion_id
from canonical.validator_rewards
where chain_id = %(chain_id)s and period_id = %(period_id)s and validator_key = %(validator_key)s

-- name: validator_identities
-- A row is the identity that a validator used in a period.
select identity
from canonical.validator_identities
where chain_id = %(chain_id)s and period_id = %(period_id)s and validator_key = %(validator_key)s

-- name: fact_page
-- A row is what is known of one validator in one period: fees, MEV and rewards, each null where nobody was asked.
-- Source: the normalised facts, each with the set of responses it was made from.
with place as (
    select chain_id, period_id, validator_key from canonical.validator_fees
    union
    select chain_id, period_id, validator_key from canonical.validator_mev
    union
    select chain_id, period_id, validator_key from canonical.validator_rewards
)
select place.period_id, place.validator_key, validator.name as validator_name,
    fees.state as fees_state, fees.gross as fees_gross, fees.delegators_share as fees_delegators_share,
    fees.operator_share as fees_operator_share, fees.produced_blocks, fees.provider as fees_provider,
    fees.ingestion_id as fees_ingestion_id,
    mev.state as mev_state, mev.gross as mev_gross, mev.protocol_fee as mev_protocol_fee,
    mev.delegators_share as mev_delegators_share, mev.operator_share as mev_operator_share,
    mev.commission_bps as mev_commission_bps, mev.provider as mev_provider, mev.ingestion_id as mev_ingestion_id,
    rewards.state as rewards_state, rewards.commission as rewards_commission,
    rewards.delegators_share as rewards_delegators_share, rewards.own_rewards as rewards_own,
    rewards.active_stake, rewards.stakers_state, rewards.staker_count, rewards.provider as rewards_provider,
    rewards.ingestion_id as rewards_ingestion_id
from place
join registry.validators as validator using (chain_id, validator_key)
left join canonical.validator_fees as fees using (chain_id, period_id, validator_key)
left join canonical.validator_mev as mev using (chain_id, period_id, validator_key)
left join canonical.validator_rewards as rewards using (chain_id, period_id, validator_key)
where place.chain_id = %(chain_id)s
    and place.period_id >= greatest(0, %(from_period)s::bigint, %(after_period_id)s::bigint)
    and (%(to_period)s::bigint is null or place.period_id <= %(to_period)s)
    and (%(validator_keys)s::text[] is null or place.validator_key = any(%(validator_keys)s))
    and (
        %(after_period_id)s::bigint is null
        or (place.period_id, place.validator_key) > (%(after_period_id)s, %(after_validator_key)s::text)
    )
order by place.period_id, place.validator_key
limit %(row_limit)s

-- name: finding_page
-- A row is one thing found while a period's facts were made from responses, such as a drift between providers.
select finding.dataset, finding.position, finding.code, finding.message, finding.validator_key,
    validator.name as validator_name
from canonical.findings as finding
left join registry.validators as validator using (chain_id, validator_key)
where finding.chain_id = %(chain_id)s and finding.period_id = %(period_id)s
    and (%(codes)s::text[] is null or finding.code = any(%(codes)s))
    and (
        %(after_position)s::integer is null
        or (finding.dataset, finding.position) > (%(after_dataset)s::text, %(after_position)s)
    )
order by finding.dataset, finding.position
limit %(row_limit)s
