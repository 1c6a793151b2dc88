"""Who is asking and what they may do: users, tokens, roles, permissions."""
