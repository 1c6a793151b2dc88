-- A row is one claim of one partner; many at once, an overlapping one is refused by the table.
insert into registry.partner_wallets (wallet_id, partner_id, valid, notes)
select wallet.wallet_id, %(partner_id)s, tstzrange(given.valid_from, given.valid_until), given.notes
from unnest(
    %(chain_ids)s::text[], %(wallets)s::text[], %(valid_froms)s::timestamptz[],
    %(valid_untils)s::timestamptz[], %(notes)s::text[]
) as given (chain_id, wallet, valid_from, valid_until, notes)
join registry.wallets as wallet using (chain_id, wallet)
