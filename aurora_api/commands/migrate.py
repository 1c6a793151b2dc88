"""`aurora migrate`, and the warehouse for commands that never migrate it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from aurora_api.commands.console import console
from aurora_resources.errors import MigrationError
from aurora_resources.warehouse.connection import Warehouse, open_warehouse
from aurora_resources.warehouse.migrations import current, newest

app = typer.Typer(add_completion=False)


@app.command()
def migrate(
    *,
    to: Annotated[str, typer.Option(help="Revision, `head`, or `base` to remove everything.")] = "head",
    down: Annotated[bool, typer.Option("--down", help="Go back to the revision.")] = False,
) -> None:
    """Bring the warehouse's tables up to date."""
    # Alembic takes a second to load; the read-only commands import this module without it.
    from aurora_resources.warehouse import migrations

    with open_warehouse() as warehouse:
        (migrations.downgrade if down else migrations.migrate)(warehouse.url, to)
        console.print(f"{warehouse.address} is at {current(warehouse.url) or 'nothing'}")


@contextmanager
def open_read_only(application: str) -> Iterator[Warehouse]:
    """The warehouse of the environment, for a command that must not change its tables.

    `application` is the name that PostgreSQL shows for the session. Raises MigrationError when a migration is
    due.
    """
    with open_warehouse(application=application) as warehouse:
        revision, required = current(warehouse.url), newest()
        if revision != required:
            raise MigrationError(
                f"{warehouse.address} is at {revision or 'nothing'}, "
                f"and {required} is needed: run `aurora migrate`"
            )
        yield warehouse
