"""What the assets do, without Dagster: ask and keep, normalise, book. One module a layer of the warehouse.

Each step works on one chain and one period and writes its slice in one transaction.
"""
