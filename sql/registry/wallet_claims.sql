-- A row is one partner's claim on one wallet of a chain.
select wallet.wallet, partner.code, lower(claim.valid), upper(claim.valid)
from registry.partner_wallets as claim
join registry.wallets as wallet using (wallet_id)
join registry.partners as partner using (partner_id)
where
    wallet.chain_id = %(chain_id)s
    and claim.recorded_at <= coalesce(%(recorded_until)s::timestamptz, 'infinity')
order by wallet.wallet, lower(claim.valid)
