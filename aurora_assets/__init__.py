"""What is stored and derived: the pipeline, its Dagster graph, and the commission engine, which is pure.

Provider formats are in `aurora_resources.providers`; what users see is in `aurora_api`.
"""
