-- name: put_wallet
-- A row is one wallet, interned.
insert into registry.wallets (chain_id, wallet)
values (%(chain_id)s, %(wallet)s)
on conflict do nothing

-- name: put_wallets
-- A row is one wallet, interned; many at once.
insert into registry.wallets (chain_id, wallet)
select distinct chain_id, wallet
from unnest(%(chain_ids)s::text[], %(wallets)s::text[]) as given (chain_id, wallet)
on conflict do nothing

-- name: claim_wallet
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

-- name: claim_wallets
-- A row is one claim of one partner; many at once, an overlapping one is refused by the table.
insert into registry.partner_wallets (wallet_id, partner_id, valid, notes)
select wallet.wallet_id, %(partner_id)s, tstzrange(given.valid_from, given.valid_until), given.notes
from unnest(
    %(chain_ids)s::text[], %(wallets)s::text[], %(valid_froms)s::timestamptz[],
    %(valid_untils)s::timestamptz[], %(notes)s::text[]
) as given (chain_id, wallet, valid_from, valid_until, notes)
join registry.wallets as wallet using (chain_id, wallet)

-- name: lock_claim
-- One row: the end of a partner's claim on a wallet that starts at a moment; nobody else changes it meanwhile.
select upper(claim.valid)
from registry.partner_wallets as claim
join registry.wallets as wallet using (wallet_id)
where wallet.chain_id = %(chain_id)s and wallet.wallet = %(wallet)s
    and claim.partner_id = %(partner_id)s and lower(claim.valid) = %(valid_from)s
for update of claim

-- name: end_claim
-- A row is one claim of a partner on a wallet, given its end.
update registry.partner_wallets as claim
set valid = tstzrange(%(valid_from)s, %(valid_until)s)
from registry.wallets as wallet
where wallet.wallet_id = claim.wallet_id
    and wallet.chain_id = %(chain_id)s and wallet.wallet = %(wallet)s
    and claim.partner_id = %(partner_id)s and lower(claim.valid) = %(valid_from)s

-- name: claims_of_chain
-- A row is one partner's claim on one wallet of a chain.
select wallet.wallet, partner.code, lower(claim.valid), upper(claim.valid)
from registry.partner_wallets as claim
join registry.wallets as wallet using (wallet_id)
join registry.partners as partner using (partner_id)
where
    wallet.chain_id = %(chain_id)s
    and claim.recorded_at <= coalesce(%(recorded_until)s::timestamptz, 'infinity')
order by wallet.wallet, lower(claim.valid)

-- name: claims_of_wallets
-- A row is one claim on one of the given wallets, of any partner.
select wallet.chain_id, wallet.wallet, partner.code, lower(claim.valid), upper(claim.valid)
from registry.wallets as wallet
join registry.partner_wallets as claim using (wallet_id)
join registry.partners as partner using (partner_id)
where (wallet.chain_id, wallet.wallet)
    in (select * from unnest(%(chain_ids)s::text[], %(wallets)s::text[]))
order by wallet.chain_id, wallet.wallet, lower(claim.valid)

-- name: claim_page
-- A row is one claim of a partner on a wallet, by partner, chain, wallet and start; source: the registry.
select partner.code as partner_code, claim.chain_id, claim.wallet, lower(claim.valid)::text as start_text,
    lower(claim.valid) as valid_from, upper(claim.valid) as valid_until, claim.notes, claim.recorded_at
from registry.partner_wallets as claim
join registry.partners as partner using (partner_id)
where
    (%(partner_code)s::text is null or partner.code = %(partner_code)s)
    and (%(chain_id)s::text is null or claim.chain_id = %(chain_id)s)
    and (%(wallet)s::text is null or claim.wallet = %(wallet)s)
    and (%(held_at)s::timestamptz is null or claim.valid @> %(held_at)s::timestamptz)
    and (
        %(after_partner_code)s::text is null
        or (partner.code, claim.chain_id, claim.wallet, lower(claim.valid)::text)
        > (%(after_partner_code)s, %(after_chain_id)s::text, %(after_wallet)s::text, %(after_start_text)s::text)
    )
order by partner.code, claim.chain_id, claim.wallet, lower(claim.valid)::text
limit %(row_limit)s
