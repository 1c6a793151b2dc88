-- When an API token was last used, as of some minutes.
update access.api_tokens set last_used_at = now() where api_token_id = %(api_token_id)s
