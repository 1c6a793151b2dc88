"""Connections to the warehouse, wherever it is: the server in `AURORA_DATABASE_URL`, else Aurora's own.

A session acts as one of the database's roles, which say what it may see. Amounts arrive as exact `int`. A
password given in the address is never shown: not in an error, not in a representation. Starting the embedded
server is in `aurora_resources.postgres`, the tables and roles are made by `migrations.py`.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, Self, TypeAlias

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Loader
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow
from psycopg.types.numeric import NumericBinaryLoader

from aurora_resources.errors import WarehouseError
from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.address import (
    URL_VARIABLE,
    describe_address,
    parse_address,
    sqlalchemy_address,
    with_option,
)
from aurora_resources.warehouse.migrations import migrate_if_due

DATABASE: Final = "aurora"
DAGSTER_SCHEMA: Final = "dagster"

PIPELINE_ROLE: Final = "aurora_pipeline"
"""Dagster and the command line."""
API_ROLE: Final = "aurora_api"
"""The API; sees what a partner may, until it says who is asking."""
AUTH_ROLE: Final = "aurora_auth"
"""Users and tokens."""
STAFF_ROLE: Final = "aurora_staff"
"""The operator's people behind the API."""

_LOGINS: Final[Mapping[str, str]] = {
    PIPELINE_ROLE: PIPELINE_ROLE,
    API_ROLE: API_ROLE,
    AUTH_ROLE: PIPELINE_ROLE,
    STAFF_ROLE: API_ROLE,
}
"""Who signs in at the embedded server to act as a role."""

DbConnection: TypeAlias = psycopg.Connection[TupleRow]


@dataclass(frozen=True)
class Warehouse:
    """One database, and how this process is known there. Get it from `open_warehouse`.

    `url` may hold a password; it is whose database it is, who migrates it. With `role`, sessions act as that
    role: on the embedded server they sign in as the role itself and can be nobody else, elsewhere the user of
    `url` must be a member of it. `server` is the embedded server, or None.
    """

    url: str = field(repr=False)
    application: str = "aurora"
    role: str | None = None
    server: EmbeddedServer | None = field(default=None, repr=False)

    @property
    def conninfo(self) -> str:
        """All that libpq needs for a session of this role, for a pool; may hold a password."""
        return make_conninfo(**{**self._parts(), "application_name": self.application})

    @property
    def address(self) -> str:
        """Where the database is, without the password."""
        return describe_address(self.url)

    def as_role(self, role: str) -> Self:
        """The same database, acting as `role`."""
        return replace(self, role=role)

    def connect(self, *, autocommit: bool = False) -> DbConnection:
        """A new session; the caller closes it. Raises WarehouseError when there is none to be had."""
        try:
            connection = psycopg.connect(self.conninfo, autocommit=autocommit)
        except psycopg.OperationalError as error:
            raise WarehouseError(
                self._explain_role(error) or self._explain("cannot connect to", error)
            ) from error
        read_numeric_as_int(connection.adapters)
        return connection

    @contextmanager
    def transaction(self, lock: tuple[str, ...] | None = None) -> Iterator[DbConnection]:
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
            found = connection.execute("select to_regnamespace(%s)", [DAGSTER_SCHEMA]).fetchone()
            if found == (None,):
                connection.execute(f"create schema if not exists {DAGSTER_SCHEMA}")
        # Thousands of small events: a crash may lose the last ones, which say only what ran, never an amount.
        options = f"-csearch_path={DAGSTER_SCHEMA} -csynchronous_commit=off"
        return sqlalchemy_address(make_conninfo(**self._parts()), "postgresql+psycopg2", options)

    def _parts(self) -> dict[str, str]:
        """The address of sessions of this role, by libpq's names."""
        parts = parse_address(self.url)
        if self.server and self.role:
            parts["user"] = _LOGINS.get(self.role, parts["user"])
        if self.role and parts.get("user") != self.role:
            parts["options"] = with_option(parts, f"-crole={self.role}")
        return parts

    def _explain_role(self, error: psycopg.OperationalError) -> str | None:
        """What to do when it is the role that stands in the way; None for any other reason.

        PostgreSQL's message is in the server's language: only the role's name and the server's answer count.
        """
        if not self.role or f'"{self.role}"' not in str(error):
            return None
        return (
            f"no session can act as {self.role} in the warehouse ({self.address}): {str(error).strip()}. "
            f"Run aurora migrate, which makes the roles; if they are there, run as the server's "
            f"administrator: grant {self.role} to the user of {URL_VARIABLE}"
        )

    def _explain(self, what: str, error: psycopg.OperationalError) -> str:
        text = f"{what} the warehouse ({self.address}): {str(error).strip().rstrip('.')}."
        if self.server:
            return f"{text} {self.server.explain_loss()}"
        return f"{text} Check that the server in {URL_VARIABLE} runs and lets this user in."


@contextmanager
def open_warehouse(
    *,
    home: Path | None = None,
    application: str = "aurora",
    migrated: bool = False,
    own: bool = False,
    role: str = PIPELINE_ROLE,
) -> Iterator[Warehouse]:
    """The warehouse that the environment names, for sessions of `role`, for as long as the context lasts.

    Without `AURORA_DATABASE_URL` the embedded server of `home` (default `AURORA_HOME`) is started or
    attached to; `own` waits until this process can own it (for `aurora up`). `migrated` brings the tables
    up to date. Raises ConfigurationError, EmbeddedServerError, MigrationError or WarehouseError.
    """
    if url := os.environ.get(URL_VARIABLE):
        warehouse = Warehouse(url, application, role)
        parse_address(url)
        if migrated:
            migrate_if_due(url)
        yield warehouse
        return
    server = EmbeddedServer(home)
    server.start(wait_to_own=own)
    try:
        create_database(server.url("postgres"), DATABASE)
        warehouse = Warehouse(server.url(DATABASE), application, role, server)
        if migrated:
            migrate_if_due(warehouse.url)
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


class IntLoader(Loader):
    """A `numeric` in text form as `int`. Raises psycopg.DataError for anything but a whole number."""

    def load(self, data: Buffer) -> int:
        """`data` is digits, and perhaps zeros after a point (`1.0`), which a scale can leave there."""
        try:
            return int(data)
        except ValueError:
            return _whole(Decimal(bytes(data).decode()))


class IntBinaryLoader(NumericBinaryLoader):
    """A `numeric` in binary form as `int`. Raises psycopg.DataError for anything but a whole number."""

    def load(self, data: Buffer) -> int:  # type: ignore[override] # an int, where the library's gives a Decimal
        """`data` is PostgreSQL's base-10,000 form."""
        return _whole(super().load(data))


def read_numeric_as_int(adapters: AdaptersMap) -> None:
    """Make everything that uses these adapters (a connection's, a pool's) read `numeric` as `int`."""
    adapters.register_loader("numeric", IntLoader)
    adapters.register_loader("numeric", IntBinaryLoader)


def _whole(number: Decimal) -> int:
    if not number.is_finite() or number != number.to_integral_value():
        raise psycopg.DataError(
            f"PostgreSQL sent {number}, which is not a whole amount; divide with div(), not with /"
        )
    return int(number)
