"""Aurora's own PostgreSQL server, the default when `AURORA_DATABASE_URL` is not set.

Use `EmbeddedServer` in `server.py`; the other modules are its parts.
"""
