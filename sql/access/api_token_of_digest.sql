-- Whose API token this is; whether it is still good, access.enter says. Stale: its last use was long ago.
select user_id, api_token_id,
    last_used_at is null or last_used_at < now() - make_interval(mins => %(minutes)s) as stale
from access.api_tokens
where token_digest = %(token_digest)s
