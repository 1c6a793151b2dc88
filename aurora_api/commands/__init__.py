"""The commands of `aurora`, one module each; `aurora_api.cli` puts them together."""
