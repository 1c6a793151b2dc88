"""What can be asked: one module a noun, with its types and the resolver that reads it."""
