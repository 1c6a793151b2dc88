-- One row: a validator's MEV of a period.
select state, gross, protocol_fee, delegators_share, operator_share, commission_bps, provider, ingestion_id
from canonical.validator_mev
where chain_id = %(chain_id)s and period_id = %(period_id)s and validator_key = %(validator_key)s
