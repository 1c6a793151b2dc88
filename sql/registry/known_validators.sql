-- A row is one known validator with one of the given keys.
select chain_id, validator_key
from registry.validators
where validator_key = any(%(validator_keys)s::text[])
