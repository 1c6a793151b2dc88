"""Connections to the warehouse, wherever it is: the server in `AURORA_DATABASE_URL`, else Aurora's own.

Amounts arrive as exact `int`. A password given in the address is never shown: not in an error, not in a
representation. Starting the embedded server is in `embedded.py`, the tables are made by `migrations.py`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self, TypeAlias

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from aurora_resources.errors import WarehouseError
from aurora_resources.warehouse.address import (
    URL_VARIABLE,
    describe_address,
    parse_address,
    sqlalchemy_address,
    with_option,
)
from aurora_resources.warehouse.embedded import EmbeddedServer, aurora_home
from aurora_resources.warehouse.exact import read_numeric_as_int

DATABASE: Final = "aurora"
DAGSTER_SCHEMA: Final = "dagster"

Connection: TypeAlias = psycopg.Connection[TupleRow]


@dataclass(frozen=True)
class Warehouse:
    """One database, and how this process is known there. Get it from `open_warehouse`.

    `url` may hold a password. With `role`, sessions act as that role, which the user of `url` must be a
    member of. `server` is the embedded server, or None.
    """

    url: str = field(repr=False)
    application: str = "aurora"
    role: str | None = None
    server: EmbeddedServer | None = field(default=None, repr=False)

    @property
    def conninfo(self) -> str:
        """All that libpq needs for a session of this role, for a pool; may hold a password."""
        parts = parse_address(self.url)
        if self.role:
            parts["options"] = with_option(parts, f"-crole={self.role}")
        return make_conninfo(**{**parts, "application_name": self.application})

    @property
    def address(self) -> str:
        """Where the database is, without the password."""
        return describe_address(self.url)

    def as_role(self, role: str) -> Self:
        """The same database, acting as `role`."""
        return replace(self, role=role)

    def connect(self, *, autocommit: bool = False) -> Connection:
        """A new session; the caller closes it. Raises WarehouseError when there is none to be had."""
        try:
            connection = psycopg.connect(self.conninfo, autocommit=autocommit)
        except psycopg.OperationalError as error:
            raise WarehouseError(self._explain("cannot connect to", error)) from error
        read_numeric_as_int(connection.adapters)
        return connection

    @contextmanager
    def transaction(self, lock: tuple[str, ...] | None = None) -> Iterator[Connection]:
        """A session with one transaction: committed at the end, rolled back by any error.

        `lock`, such as `("canonical.validator_fees", "solana-mainnet", "850")`, lets no other holder of the
        same lock in until the end. Raises WarehouseError when the server is lost on the way; other errors
        of PostgreSQL pass through.
        """
        with self.connect() as connection:
            try:
                with connection.transaction():
                    if lock:
                        connection.execute(
                            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", ["/".join(lock)]
                        )
                    yield connection
            except psycopg.OperationalError as error:
                if not connection.broken:
                    raise
                raise WarehouseError(self._explain("lost", error)) from error

    def dagster_storage_url(self) -> str:
        """The address for Dagster's storage: this database, schema `dagster`, which is made if missing.

        Names the driver: with SQLAlchemy 2.1 a plain `postgresql://` is psycopg 3, which Dagster's event
        notices do not work with. May hold a password.
        """
        with self.connect(autocommit=True) as connection:
            connection.execute(f"create schema if not exists {DAGSTER_SCHEMA}")
        # Thousands of small events: a crash may lose the last ones, which say only what ran, never an amount.
        options = f"-csearch_path={DAGSTER_SCHEMA} -csynchronous_commit=off"
        return sqlalchemy_address(self.url, "postgresql+psycopg2", options)

    def _explain(self, what: str, error: psycopg.OperationalError) -> str:
        text = f"{what} the warehouse ({self.address}): {str(error).strip().rstrip('.')}."
        if self.server:
            return f"{text} {self.server.explain_loss()}"
        return f"{text} Check that the server in {URL_VARIABLE} runs and lets this user in."


@contextmanager
def open_warehouse(
    *, home: Path | None = None, application: str = "aurora", migrated: bool = False, own: bool = False
) -> Iterator[Warehouse]:
    """The warehouse that the environment names, for as long as the context lasts.

    Without `AURORA_DATABASE_URL` the embedded server of `home` (default `AURORA_HOME`) is started or
    attached to; `own` waits until this process can own it (for `aurora up`). `migrated` brings the tables
    up to date. Raises ConfigurationError, EmbeddedServerError, MigrationError or WarehouseError.
    """
    if url := os.environ.get(URL_VARIABLE):
        warehouse = Warehouse(url, application)
        parse_address(url)
        if migrated:
            _migrate(url)
        yield warehouse
        return
    server = EmbeddedServer(home or aurora_home())
    server.start(wait_to_own=own)
    try:
        create_database(server.url("postgres"), DATABASE)
        warehouse = Warehouse(server.url(DATABASE), application, server=server)
        if migrated:
            _migrate(warehouse.url)
        yield warehouse
    finally:
        server.stop()


def create_database(server_url: str, name: str) -> None:
    """Make the database `name` if it is missing; several processes may try at once."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended('create database', 0))")
        found = connection.execute("select from pg_database where datname = %s", [name])
        if found.fetchone() is None:
            connection.execute(
                psycopg.sql.SQL("create database {} template template0").format(psycopg.sql.Identifier(name))
            )


def _migrate(url: str) -> None:
    from aurora_resources.warehouse.migrations import migrate  # noqa: PLC0415 - Alembic takes a second to load

    migrate(url)
