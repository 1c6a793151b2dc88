-- The end of one session: each of its refresh tokens.
update access.refresh_tokens set revoked_at = now(), revoked_because = %(because)s
where family_id = %(family_id)s and revoked_at is null
