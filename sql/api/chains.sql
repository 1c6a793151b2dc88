-- A row is one chain with its newest period that is known; source: the configuration, and the periods kept.
select chain.chain_id, chain.name, chain.protocol, chain.period_type, chain.native_unit, chain.native_decimals,
    chain.display_unit, chain.finality_lag, chain.finality_lag_unit,
    (select max(period_id) from registry.periods where chain_id = chain.chain_id) as latest_period_id
from registry.chains as chain
where %(chain_ids)s::text[] is null or chain.chain_id = any(%(chain_ids)s)
order by chain.chain_id
