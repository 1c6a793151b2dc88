"""The steps of the pipeline, without Dagster: ingest, normalize, book P&L and commissions, replay.

Each step works on one chain and one period and writes its slice in one transaction.
"""
