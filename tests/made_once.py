"""Books that are made once a run and copied for each test that looks at them.

Whichever worker needs them first makes them; one that needs them meanwhile waits. What is made must not
depend on the worker, and nobody may change it: a copy is for one test, or for all tests that change nothing.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.connection import Warehouse

_READY: Final = "select from pg_database where datname = %s and not datallowconn"
_copies: Final = itertools.count(1)


@dataclass(frozen=True)
class MadeOnce:
    """The run's server and its migrated, empty database; the run's folder, which all workers share."""

    server: EmbeddedServer
    template: str
    run_folder: Path

    def make(self, name: str, fill: Callable[[Warehouse, Path], None]) -> str:
        """The name of a database that `fill` has filled, given also `folder(name)` for its configuration."""
        with self._administrator() as connection:
            connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
            if connection.execute(_READY, [name]).fetchone() is None:
                # One that is there, but not ready, is of a worker that failed.
                connection.execute(f"drop database if exists {name} with (force)")
                connection.execute(f"create database {name} template {self.template} strategy file_copy")
                self.folder(name).mkdir(exist_ok=True)
                fill(self._warehouse(name), self.folder(name))
                # Nobody may connect while it is copied, not even autovacuum.
                connection.execute(f"alter database {name} with allow_connections false")
        return name

    def folder(self, name: str) -> Path:
        """Where `fill` wrote the configuration of a database; to be read only."""
        return self.run_folder / f"made-{name}"

    @contextmanager
    def copy(self, name: str) -> Iterator[Warehouse]:
        """A warehouse with the same rows, for as long as the context lasts."""
        copied = f"c{os.getpid()}_{next(_copies)}"
        with self._administrator() as connection:
            connection.execute(f"create database {copied} template {name} strategy file_copy")
            try:
                yield self._warehouse(copied)
            finally:
                connection.execute(f"drop database {copied} with (force)")

    def _administrator(self) -> psycopg.Connection:
        return psycopg.connect(self.server.url("postgres"), autocommit=True)

    def _warehouse(self, name: str) -> Warehouse:
        return Warehouse(self.server.url(name), application="aurora test", server=self.server)
