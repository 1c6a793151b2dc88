"""The HTTP service: GraphQL endpoint, schema, downloads, health, metrics, and worker processes."""
