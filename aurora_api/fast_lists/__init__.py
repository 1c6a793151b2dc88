"""Pages of rows written as JSON straight from their columns, with the same bytes as the stock executor."""
