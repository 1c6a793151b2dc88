-- A page of users, by username.
select person.user_id, person.username, person.display_name, person.role, person.partner_id,
    (select code from registry.partners where partner_id = person.partner_id) as partner_code, person.chain_ids,
    person.validator_keys, person.oidc_issuer, person.oidc_subject, person.password_hash is not null as has_password,
    person.active, person.expires_at, person.created_at, person.version
from access.users as person
where (%(roles)s::text[] is null or person.role = any(%(roles)s))
    and (%(active)s::boolean is null or person.active = %(active)s)
    and (%(after_username)s::text is null or person.username > %(after_username)s)
order by person.username
limit %(row_limit)s
