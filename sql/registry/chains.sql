-- name: put_chain
-- A row is one configured chain; written only when the configuration changed.
insert into registry.chains as known
    (chain_id, name, protocol, period_type, native_unit, native_decimals, display_unit, finality_lag,
     finality_lag_unit)
values
    (%(chain_id)s, %(name)s, %(protocol)s, %(period_type)s, %(native_unit)s, %(native_decimals)s,
     %(display_unit)s, %(finality_lag)s, %(finality_lag_unit)s)
on conflict (chain_id) do update
set
    name = excluded.name, protocol = excluded.protocol, period_type = excluded.period_type,
    native_unit = excluded.native_unit, native_decimals = excluded.native_decimals,
    display_unit = excluded.display_unit, finality_lag = excluded.finality_lag,
    finality_lag_unit = excluded.finality_lag_unit
where known is distinct from excluded

-- name: put_provider
-- A row is one configured provider; written only when the configuration changed.
insert into registry.providers as known (provider, enabled)
values (%(provider)s, %(enabled)s)
on conflict (provider) do update
set enabled = excluded.enabled
where known.enabled is distinct from excluded.enabled

-- name: sync_chain_providers
-- Who answers which question on a chain becomes what is configured; unchanged rows are not written.
with configured as (
    select role, priority, provider
    from unnest(%(roles)s::text[], %(priorities)s::int[], %(providers)s::text[])
        as given (role, priority, provider)
),
removed as (
    delete from registry.chain_providers as known
    where
        known.chain_id = %(chain_id)s
        and (known.role, known.priority, known.provider)
        not in (select role, priority, provider from configured)
)
insert into registry.chain_providers (chain_id, role, priority, provider)
select %(chain_id)s, role, priority, provider
from configured
on conflict do nothing

-- name: chains
-- A row is one chain: what amounts and wallets on it are read by.
select chain_id, protocol, display_unit, native_decimals
from registry.chains
order by chain_id

-- name: chains_with_latest_period
-- A row is one chain with its newest period that is known; source: the configuration, and the periods kept.
select chain.chain_id, chain.name, chain.protocol, chain.period_type, chain.native_unit, chain.native_decimals,
    chain.display_unit, chain.finality_lag, chain.finality_lag_unit,
    (select max(period_id) from registry.periods where chain_id = chain.chain_id) as latest_period_id
from registry.chains as chain
where %(chain_ids)s::text[] is null or chain.chain_id = any(%(chain_ids)s)
order by chain.chain_id
