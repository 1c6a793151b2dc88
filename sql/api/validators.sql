-- A row is one validator whose books are kept, by key, and what was registered of it through the API.
-- Source: the configuration as far as a period was kept under it, and registry.declared_validators.
select validator.validator_key, coalesce(validator.name, declared.name) as name,
    declared.own_wallets as declared_wallets, declared.identities, declared.mev_declared_none,
    declared.registered_at
from registry.validators as validator
left join registry.declared_validators as declared using (chain_id, validator_key)
where
    validator.chain_id = %(chain_id)s
    and (%(validator_key)s::text is null or validator.validator_key = %(validator_key)s)
    and (%(granted_keys)s::text[] is null or validator.validator_key = any(%(granted_keys)s))
    and (%(after_validator_key)s::text is null or validator.validator_key > %(after_validator_key)s)
order by validator.validator_key
limit %(row_limit)s
