"""The attribution methods: one module for each, and `registry.py`, which lists them."""
