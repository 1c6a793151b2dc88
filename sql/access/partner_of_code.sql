-- The partner that a user of the role PARTNER acts for.
select partner_id from registry.partners where code = %(code)s
