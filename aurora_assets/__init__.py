"""What we keep and derive: the asset graph, and in `commission/` the engine, which is pure arithmetic.

Provider formats live in `aurora_resources.providers`; what is shown to people lives in `aurora_api`.
"""
