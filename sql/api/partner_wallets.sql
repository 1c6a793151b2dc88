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
