"""The GraphQL vocabulary: scalars, money, pages, enumerations, global ids, limits and permissions."""
