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
