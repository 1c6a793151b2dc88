-- A row is one claim on one of the given wallets, whoever's.
select wallet.chain_id, wallet.wallet, partner.code, lower(claim.valid), upper(claim.valid)
from registry.wallets as wallet
join registry.partner_wallets as claim using (wallet_id)
join registry.partners as partner using (partner_id)
where (wallet.chain_id, wallet.wallet)
    in (select * from unnest(%(chain_ids)s::text[], %(wallets)s::text[]))
order by wallet.chain_id, wallet.wallet, lower(claim.valid)
