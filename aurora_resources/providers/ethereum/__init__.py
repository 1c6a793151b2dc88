"""Ethereum: beacon nodes, relays and execution nodes, one module a provider.

Which of fees and MEV a block's proposer earned is decided in `block_income.py`, from evidence alone.
"""
