-- A row is one claim; the very same claim is not written twice, an overlapping one is refused by the table.
insert into registry.partner_wallets (wallet_id, partner_id, valid, notes)
select wallet_id, %(partner_id)s, %(valid)s, %(notes)s::text
from registry.wallets as wallet
where
    wallet.chain_id = %(chain_id)s and wallet.wallet = %(wallet)s
    and not exists (
        select from registry.partner_wallets as known
        where
            known.wallet_id = wallet.wallet_id and known.partner_id = %(partner_id)s
            and known.valid = %(valid)s
    )
