-- A user as they are from now on, if nobody has changed them since the version that was looked at.
update access.users set display_name = %(display_name)s, role = %(role)s, partner_id = %(partner_id)s,
    chain_ids = %(chain_ids)s, validator_keys = %(validator_keys)s, oidc_issuer = %(oidc_issuer)s,
    oidc_subject = %(oidc_subject)s, active = %(active)s, expires_at = %(expires_at)s, version = version + 1
where user_id = %(user_id)s and version = %(expected_version)s
returning user_id
