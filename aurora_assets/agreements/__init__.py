"""Agreements and wallets on their way in, from the readable file or changed by hand, under the same rules.

Also the digest of the terms of a period. What an agreement means is in `commission/`.
"""
