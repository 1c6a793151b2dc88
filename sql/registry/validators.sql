-- name: put_validator
-- A row is one validator; a name from the configuration replaces the known one.
insert into registry.validators as known (chain_id, validator_key, name)
values (%(chain_id)s, %(validator_key)s, %(name)s)
on conflict (chain_id, validator_key) do update
set name = excluded.name
where excluded.name is not null and known.name is distinct from excluded.name

-- name: known_validators
-- A row is one known validator with one of the given keys.
select chain_id, validator_key
from registry.validators
where validator_key = any(%(validator_keys)s::text[])

-- name: put_declared_validator
-- A row is one validator that is registered through the API, or its new description.
insert into registry.declared_validators
    (chain_id, validator_key, name, identities, own_wallets, mev_declared_none, reason)
values
    (%(chain_id)s, %(validator_key)s, %(name)s, %(identities)s, %(own_wallets)s, %(mev_declared_none)s,
     %(reason)s)
on conflict (chain_id, validator_key) do update
set
    name = excluded.name, identities = excluded.identities, own_wallets = excluded.own_wallets,
    mev_declared_none = excluded.mev_declared_none, reason = excluded.reason, registered_at = now()

-- name: declared_validators
-- A row is one validator of a chain that was registered through the API.
select validator_key, name, identities, own_wallets, mev_declared_none
from registry.declared_validators
where chain_id = %(chain_id)s
order by validator_key

-- name: sync_operator_wallets
-- The operator's own wallets of a chain become those configured; unchanged rows are not written.
with configured as (
    select distinct validator_key, wallet
    from unnest(%(validator_keys)s::text[], %(wallets)s::text[]) as given (validator_key, wallet)
),
removed as (
    delete from registry.operator_wallets as known
    where
        known.chain_id = %(chain_id)s
        and (known.validator_key, known.wallet) not in (select validator_key, wallet from configured)
)
insert into registry.operator_wallets (chain_id, validator_key, wallet)
select %(chain_id)s, validator_key, wallet
from configured
on conflict do nothing

-- name: operator_wallets
-- A row is one of the operator's own wallets with one of the given validators; source: the configuration.
select chain_id, validator_key, wallet
from registry.operator_wallets
where (chain_id, validator_key)
    in (select * from unnest(%(chain_ids)s::text[], %(validator_keys)s::text[]))
order by chain_id, validator_key, wallet

-- name: validator_page
-- A row is one validator that is tracked, by key, and what was registered of it through the API.
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
