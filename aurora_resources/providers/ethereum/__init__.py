"""Ethereum: beacon nodes, relays and execution nodes, each asked and understood in its own module.

Which of fees and MEV a block's proposer earned is decided in `decisions.py`, from evidence alone.
"""
