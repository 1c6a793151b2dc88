"""Monthly statements: from commission lines to approval, release, payment and files.

The rules (states, people, balances, content) are in `commission/`; this package reads, stores and formats.
"""
