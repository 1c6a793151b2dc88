"""`python -m aurora_api` is the `aurora` command, for processes that Aurora starts itself."""

from aurora_api.commands.main import main

main()
