-- A row is one wallet, interned; many at once.
insert into registry.wallets (chain_id, wallet)
select distinct chain_id, wallet
from unnest(%(chain_ids)s::text[], %(wallets)s::text[]) as given (chain_id, wallet)
on conflict do nothing
