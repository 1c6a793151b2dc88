"""Users, roles and capabilities; passwords, tokens, sessions and rate limits."""
