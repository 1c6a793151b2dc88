-- A new user. Without a hash nobody can sign in with a password.
insert into access.users
    (username, display_name, role, partner_id, chain_ids, validator_keys, password_hash, oidc_issuer, oidc_subject,
    expires_at)
values
    (%(username)s, %(display_name)s, %(role)s, %(partner_id)s, %(chain_ids)s, %(validator_keys)s,
    %(password_hash)s, %(oidc_issuer)s, %(oidc_subject)s, %(expires_at)s)
returning user_id
