-- The first refresh token of a session; the session ends when it does, however often it is refreshed.
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)
values (%(token_digest)s, %(family_id)s, %(user_id)s, now() + make_interval(days => %(days)s))
returning expires_at
