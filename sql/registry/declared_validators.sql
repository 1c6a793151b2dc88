-- A row is one validator of a chain that was registered through the API.
select validator_key, name, identities, own_wallets, mev_declared_none
from registry.declared_validators
where chain_id = %(chain_id)s
order by validator_key
