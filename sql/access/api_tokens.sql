-- name: add_api_token
-- A new API token of a user; only its digest is kept.
insert into access.api_tokens (api_token_id, user_id, name, token_digest, scopes, expires_at)
values (%(api_token_id)s, %(user_id)s, %(name)s, %(token_digest)s, %(scopes)s,
    now() + make_interval(days => %(days)s))
returning api_token_id, user_id, name, scopes, created_at, expires_at, last_used_at, revoked_at

-- name: api_tokens_of_user
-- A user's API tokens, the newest first.
select api_token_id, user_id, name, scopes, created_at, expires_at, last_used_at, revoked_at
from access.api_tokens
where user_id = %(user_id)s
order by created_at desc, api_token_id

-- name: api_token_of_digest
-- Whose API token this is; whether it is still good, access.enter says. Stale: its last use was long ago.
select user_id, api_token_id,
    last_used_at is null or last_used_at < now() - make_interval(mins => %(minutes)s) as stale
from access.api_tokens
where token_digest = %(token_digest)s

-- name: touch_api_token
-- When an API token was last used, as of some minutes.
update access.api_tokens set last_used_at = now() where api_token_id = %(api_token_id)s

-- name: revoke_api_token
-- The end of an API token: the user's own, or anybody's for an administrator (null user). One row if there is one.
update access.api_tokens set revoked_at = coalesce(revoked_at, now())
where api_token_id = %(api_token_id)s and (%(user_id)s::integer is null or user_id = %(user_id)s)
returning api_token_id, user_id, name, scopes, created_at, expires_at, last_used_at, revoked_at

-- name: revoke_api_tokens
-- The end of all of a user's API tokens.
update access.api_tokens set revoked_at = now() where user_id = %(user_id)s and revoked_at is null
