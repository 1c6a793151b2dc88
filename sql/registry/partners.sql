-- name: add_partner
-- One row: the id of a new partner; none when its code is taken.
insert into registry.partners (code, name)
values (%(code)s, %(name)s)
on conflict do nothing
returning partner_id

-- name: put_partner
-- A row is one partner; written only when it is new or renamed.
insert into registry.partners as known (code, name)
values (%(code)s, %(name)s)
on conflict (code) do update
set name = excluded.name
where known.name is distinct from excluded.name

-- name: lock_partner
-- One row: a partner, whose agreements nobody else changes meanwhile.
select partner_id, code, name
from registry.partners
where code = %(partner_code)s
for update

-- name: partner_ids
-- The id of each partner by its code.
select code, partner_id
from registry.partners

-- name: partner_id_of_code
-- The partner that a user of the role PARTNER acts for.
select partner_id from registry.partners where code = %(code)s

-- name: partner_of_code
-- A row is the partner of that code, if there is one; source: the agreements.
select partner_id, code, name
from registry.partners
where code = %(partner_code)s

-- name: partner_and_chain
-- One row: a partner and a chain by their codes, and the unit of the chain's amounts.
select partner.partner_id, partner.code, partner.name, chain.chain_id, chain.native_unit,
    chain.native_decimals, chain.display_unit
from registry.partners as partner
cross join registry.chains as chain
where partner.code = %(partner)s and chain.chain_id = %(chain_id)s

-- name: partner_page
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
