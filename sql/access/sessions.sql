-- name: begin_session
-- The first refresh token of a session; the session ends when it does, however often it is refreshed.
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)
values (%(token_digest)s, %(family_id)s, %(user_id)s, now() + make_interval(days => %(days)s))
returning expires_at

-- name: lock_refresh_token
-- A refresh token with its user, held until the end of the transaction: who presents it a second time must wait.
select token.family_id, token.user_id, person.username, token.used_at is not null as used,
    token.revoked_at is not null as revoked, token.expires_at, token.expires_at <= now() as expired,
    person.active, coalesce(person.expires_at <= now(), false) as user_expired
from access.refresh_tokens as token
join access.users as person using (user_id)
where token_digest = %(token_digest)s
for update of token

-- name: use_refresh_token
-- A refresh token that was exchanged for another; presented again it revokes its family.
update access.refresh_tokens set used_at = now() where token_digest = %(token_digest)s

-- name: follow_refresh_token
-- The token that takes the place of a used one: same session, same end.
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)
values (%(token_digest)s, %(family_id)s, %(user_id)s, %(expires_at)s)

-- name: revoke_session
-- The end of one session: each of its refresh tokens.
update access.refresh_tokens set revoked_at = now(), revoked_because = %(because)s
where family_id = %(family_id)s and revoked_at is null

-- name: revoke_sessions
-- The end of a user's sessions, but for the one they go on in (null: all).
update access.refresh_tokens set revoked_at = now(), revoked_because = %(because)s
where user_id = %(user_id)s and revoked_at is null and family_id is distinct from %(but)s::uuid
