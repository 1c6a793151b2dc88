"""A warehouse with two partners' books, and sessions on it as one of the database's roles."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.connection import DbConnection, Warehouse
from tests.integration.pipeline.warehouses import another_warehouse

ROWS = Path(__file__).with_name("rows.sql")

Acting: TypeAlias = "Callable[..., AbstractContextManager[DbConnection]]"


@pytest.fixture(scope="session")
def filled(database_server: EmbeddedServer, template_database: str) -> Iterator[Warehouse]:
    """Two partners with books on two chains, and users of every kind; for tests that change none of it."""
    with another_warehouse(database_server, template_database) as warehouse:
        with warehouse.connect() as connection:
            connection.execute(ROWS.read_bytes())
        yield warehouse


@pytest.fixture
def acting(filled: Warehouse) -> Acting:
    """A session as a role with settings of its transaction (`partner_id=1` is app.partner_id)."""

    @contextmanager
    def act(role: str, **settings: object) -> Iterator[DbConnection]:
        with filled.as_role(role).connect() as connection:
            for name, value in settings.items():
                connection.execute("select set_config(%s, %s, true)", [f"app.{name}", str(value)])
            yield connection

    return act
