"""How a commission line came to its amount, from the rule down to the raw responses."""
