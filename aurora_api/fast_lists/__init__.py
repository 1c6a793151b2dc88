"""Pages of rows written as JSON straight from their columns, byte for byte as the stock executor answers.

Queries declare their fields with `row_fields`, the schema executes with `executor.FlatRows`, which compiles
the selected fields to `writers`.
"""
