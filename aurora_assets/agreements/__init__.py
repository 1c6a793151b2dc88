"""Agreements on their way in: the readable file, the registry, and the digest of what a period is told.

What an agreement means is in `commission/`.
"""
