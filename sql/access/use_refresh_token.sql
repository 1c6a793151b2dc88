-- A refresh token that was exchanged for another; presented again it revokes its family.
update access.refresh_tokens set used_at = now() where token_digest = %(token_digest)s
