-- Offending rows: MEV whose parts do not sum to the gross, or a cut larger than the commission allows.
select validator_key, gross, protocol_fee, delegators_share, operator_share
from canonical.validator_mev
where
    chain_id = %(chain_id)s and period_id = %(period_id)s and state <> 'MISSING'
    and (
        gross is distinct from protocol_fee + delegators_share + operator_share
        or operator_share > div(gross * commission_bps, 10000)
    )
