-- A row is one wallet, interned.
insert into registry.wallets (chain_id, wallet)
values (%(chain_id)s, %(wallet)s)
on conflict do nothing
