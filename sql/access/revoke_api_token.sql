-- The end of an API token: the user's own, or anybody's for an administrator (null user). One row if there is one.
update access.api_tokens set revoked_at = coalesce(revoked_at, now())
where api_token_id = %(api_token_id)s and (%(user_id)s::integer is null or user_id = %(user_id)s)
returning api_token_id, user_id, name, scopes, created_at, expires_at, last_used_at, revoked_at
