"""Solana: JSON-RPC, Solana Beach, Jito and Stakewiz, each asked and understood in its own module."""
