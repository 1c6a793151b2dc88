-- The end of a user's sessions, but for the one they go on in (null: all).
update access.refresh_tokens set revoked_at = now(), revoked_because = %(because)s
where user_id = %(user_id)s and revoked_at is null and family_id is distinct from %(but)s::uuid
