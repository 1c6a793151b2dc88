-- A refresh token with its user, held until the end of the transaction: who presents it a second time must wait.
select token.family_id, token.user_id, person.username, token.used_at is not null as used,
    token.revoked_at is not null as revoked, token.expires_at, token.expires_at <= now() as expired,
    person.active, coalesce(person.expires_at <= now(), false) as user_expired
from access.refresh_tokens as token
join access.users as person using (user_id)
where token_digest = %(token_digest)s
for update of token
