"""The explanation of a commission line, from its amount down to the provider responses."""
