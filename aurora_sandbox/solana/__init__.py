"""A Solana network from a seed or a file, and its providers' answers: RPC, Jito, Solana Beach, Stakewiz."""
