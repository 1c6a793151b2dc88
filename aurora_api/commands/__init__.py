"""The commands of `aurora`, one module each; `aurora_api.commands.main` puts them together."""
