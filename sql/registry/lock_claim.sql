-- One row: the end of a partner's claim on a wallet that starts at a moment; nobody else changes it meanwhile.
select upper(claim.valid)
from registry.partner_wallets as claim
join registry.wallets as wallet using (wallet_id)
where wallet.chain_id = %(chain_id)s and wallet.wallet = %(wallet)s
    and claim.partner_id = %(partner_id)s and lower(claim.valid) = %(valid_from)s
for update of claim
