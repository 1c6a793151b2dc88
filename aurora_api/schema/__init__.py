"""The GraphQL vocabulary (scalars, money, pages, errors, limits), and the schema put together."""
