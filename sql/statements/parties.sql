-- One row: a partner and a chain by their codes, and how the chain's amounts are told.
select partner.partner_id, partner.code, partner.name, chain.chain_id, chain.native_unit,
    chain.native_decimals, chain.display_unit
from registry.partners as partner
cross join registry.chains as chain
where partner.code = %(partner)s and chain.chain_id = %(chain_id)s
