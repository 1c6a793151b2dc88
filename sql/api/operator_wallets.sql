-- A row is one of the operator's own wallets with one of the given validators; source: the configuration.
select chain_id, validator_key, wallet
from registry.operator_wallets
where (chain_id, validator_key)
    in (select * from unnest(%(chain_ids)s::text[], %(validator_keys)s::text[]))
order by chain_id, validator_key, wallet
