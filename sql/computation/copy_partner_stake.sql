-- A row is one partner's stake on one validator of one generation; source: partner_stake.sql.
copy computation.partner_stake
    (generation_id, chain_id, period_id, validator_key, partner_id, active_stake, wallet_count)
from stdin
