"""The commission engine: values in, values out.

It imports no Dagster, database, HTTP, clock or configuration; an import contract keeps it so.
The graph books with it, the API simulates with it.
"""
