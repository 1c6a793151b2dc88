-- A new API token of a user; only its digest is kept.
insert into access.api_tokens (api_token_id, user_id, name, token_digest, scopes, expires_at)
values (%(api_token_id)s, %(user_id)s, %(name)s, %(token_digest)s, %(scopes)s,
    now() + make_interval(days => %(days)s))
returning api_token_id, user_id, name, scopes, created_at, expires_at, last_used_at, revoked_at
