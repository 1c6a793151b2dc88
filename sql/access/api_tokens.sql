-- A user's API tokens, the newest first.
select api_token_id, user_id, name, scopes, created_at, expires_at, last_used_at, revoked_at
from access.api_tokens
where user_id = %(user_id)s
order by created_at desc, api_token_id
