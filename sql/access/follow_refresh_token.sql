-- The token that takes the place of a used one: same session, same end.
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)
values (%(token_digest)s, %(family_id)s, %(user_id)s, %(expires_at)s)
