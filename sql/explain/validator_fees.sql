-- One row: a validator's execution fees of a period.
select state, gross, delegators_share, operator_share, produced_blocks, provider, ingestion_id
from canonical.validator_fees
where chain_id = %(chain_id)s and period_id = %(period_id)s and validator_key = %(validator_key)s
