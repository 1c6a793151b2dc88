"""The sandbox's Ethereum: a world from a seed with its ground truth, and the APIs of nodes and relays.

It is served beside the Solana world. Nothing here uses Aurora's own adapters.
"""
