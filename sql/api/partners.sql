-- A row is one partner, by code, with how much is kept of it; source: the registry.
select partner.partner_id, partner.code, partner.name,
    (
        select count(*)
        from registry.partner_wallets as claim
        where claim.partner_id = partner.partner_id and claim.valid @> now()
    ) as wallet_count,
    (
        select count(*)
        from registry.agreements as agreement
        where agreement.partner_id = partner.partner_id and agreement.status = 'ACTIVE'
    ) as active_agreement_count
from registry.partners as partner
where
    (%(partner_code)s::text is null or partner.code = %(partner_code)s)
    and (
        %(search)s::text is null
        or position(lower(%(search)s) in partner.code) > 0
        or position(lower(%(search)s) in lower(partner.name)) > 0
    )
    and (%(after_code)s::text is null or partner.code > %(after_code)s)
order by partner.code
limit %(row_limit)s
