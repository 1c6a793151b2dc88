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
