"""The warehouse for commands that only look: it is never migrated on the way, and must be up to date."""

from collections.abc import Iterator
from contextlib import contextmanager

from aurora_resources.errors import MigrationError
from aurora_resources.warehouse.connection import Warehouse, open_warehouse
from aurora_resources.warehouse.revisions import current, newest


@contextmanager
def open_read_only(application: str) -> Iterator[Warehouse]:
    """The warehouse that the environment names. Raises MigrationError when its tables are not the newest."""
    with open_warehouse(application=application) as warehouse:
        at, wanted = current(warehouse.url), newest()
        if at != wanted:
            raise MigrationError(
                f"{warehouse.address} is at {at or 'nothing'}, and {wanted} is needed: run `aurora migrate`"
            )
        yield warehouse
