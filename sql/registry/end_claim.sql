-- A row is one claim of a partner on a wallet, given its end.
update registry.partner_wallets as claim
set valid = tstzrange(%(valid_from)s, %(valid_until)s)
from registry.wallets as wallet
where wallet.wallet_id = claim.wallet_id
    and wallet.chain_id = %(chain_id)s and wallet.wallet = %(wallet)s
    and claim.partner_id = %(partner_id)s and lower(claim.valid) = %(valid_from)s
