"""Solana: a JSON-RPC node, Solana Beach, Jito and Stakewiz, one module a provider."""
