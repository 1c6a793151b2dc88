"""Warehouses beside the one of a test: for the books as they are when nothing goes wrong."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.connection import Warehouse


@contextmanager
def another_warehouse(server: EmbeddedServer, template: str) -> Iterator[Warehouse]:
    """A migrated, empty warehouse on `server`, removed at the end."""
    name = f"another_{time.monotonic_ns()}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
        try:
            yield Warehouse(server.url(name), application="aurora test", server=server)
        finally:
            connection.execute(f"drop database {name} with (force)")
