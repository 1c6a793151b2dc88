-- A row is one validator that is registered through the API, or what is now told of it.
insert into registry.declared_validators
    (chain_id, validator_key, name, identities, own_wallets, mev_declared_none, reason)
values
    (%(chain_id)s, %(validator_key)s, %(name)s, %(identities)s, %(own_wallets)s, %(mev_declared_none)s,
     %(reason)s)
on conflict (chain_id, validator_key) do update
set
    name = excluded.name, identities = excluded.identities, own_wallets = excluded.own_wallets,
    mev_declared_none = excluded.mev_declared_none, reason = excluded.reason, registered_at = now()
