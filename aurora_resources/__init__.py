"""What the world tells us: configuration, provider adapters, the warehouse and the provider sandbox.

Nothing here knows Dagster, agreements or GraphQL; those live in `aurora_assets` and `aurora_api`,
which import this package and are never imported by it.
"""
