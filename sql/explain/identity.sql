-- A row is the identity that a validator used in a period.
select identity
from canonical.validator_identities
where chain_id = %(chain_id)s and period_id = %(period_id)s and validator_key = %(validator_key)s
