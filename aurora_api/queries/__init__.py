"""The queries: one module a noun, with its types, its resolvers and its root fields."""
