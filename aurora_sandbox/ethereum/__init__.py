"""The sandbox's Ethereum: a world from a seed with its ground truth, and the APIs of nodes and relays.

It stands beside the Solana world in the same server; nothing of Aurora's own adapters is used here.
"""
