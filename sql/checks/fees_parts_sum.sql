-- Offending rows: fees whose parts do not sum to the gross.
select validator_key, gross, operator_share, delegators_share
from canonical.validator_fees
where
    chain_id = %(chain_id)s and period_id = %(period_id)s and state <> 'MISSING'
    and gross is distinct from operator_share + coalesce(delegators_share, 0)
