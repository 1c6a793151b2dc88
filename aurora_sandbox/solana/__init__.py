"""A Solana network from a seed or a file, and its providers' responses: RPC, Jito, Solana Beach, Stakewiz."""
