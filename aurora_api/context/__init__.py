"""What a resolver works with: the caller, one read-only transaction and the loaders of the request."""
