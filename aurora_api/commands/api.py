"""`aurora api`: the GraphQL service alone."""

import os
from typing import Annotated

import typer

from aurora_api.access.demo_users import describe_demo_users, kept_demo_users
from aurora_api.commands.console import console
from aurora_api.service.app import serve
from aurora_api.service.settings import settings_from_environment
from aurora_api.service.workers import serve_with_workers
from aurora_resources.postgres.paths import aurora_home
from aurora_resources.warehouse.address import URL_VARIABLE
from aurora_resources.warehouse.connection import API_ROLE, open_warehouse

app = typer.Typer(add_completion=False)


@app.command()
def api(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: Annotated[
        int, typer.Option(min=1, help="Number of processes; at most the number of processors to use.")
    ] = 1,
) -> None:
    """Serve GraphQL; `aurora up` does this, too."""
    settings = settings_from_environment()
    # Only the embedded database is migrated here. With another one the service has no right to migrate, and
    # `/health/ready` says when `aurora migrate` is due.
    own = not os.environ.get(URL_VARIABLE)
    with open_warehouse(application="aurora-api", migrated=own, role=API_ROLE) as warehouse:
        if own and (users := kept_demo_users(aurora_home())):
            console.print(describe_demo_users(users), highlight=False)
        if workers == 1:
            serve(warehouse, settings, host=host, port=port)
        else:
            serve_with_workers(workers, settings.limits, host=host, port=port)
