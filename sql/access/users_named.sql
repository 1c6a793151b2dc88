-- The user of that name, without the hash.
select person.user_id, person.username, person.display_name, person.role, person.partner_id,
    (select code from registry.partners where partner_id = person.partner_id) as partner_code, person.chain_ids,
    person.validator_keys, person.oidc_issuer, person.oidc_subject, person.password_hash is not null as has_password,
    person.active, person.expires_at, person.created_at, person.version
from access.users as person
where person.username = %(username)s
