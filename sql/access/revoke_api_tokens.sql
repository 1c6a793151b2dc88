-- The end of all of a user's API tokens.
update access.api_tokens set revoked_at = now() where user_id = %(user_id)s and revoked_at is null
