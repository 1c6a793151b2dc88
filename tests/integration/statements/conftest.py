"""Fixtures: the office's books are made once, and copied for each test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from aurora_resources.sandbox.server import PATHS
from aurora_resources.sandbox.world import World
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.embedded import EmbeddedServer
from tests.integration.pipeline.installation import CHECKOUT, Pipeline
from tests.integration.statements.office import Office, dated

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="session")
def months_world(small_world: World) -> World:
    """The small world, dated."""
    return dated(small_world)


@pytest.fixture(scope="session")
def office_database(
    database_server: EmbeddedServer,
    template_database: str,
    months_world: World,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The name of a database with epochs 800 to 805: January and February are complete, March has begun."""
    name = f"office_{os.getpid()}"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template_database} strategy file_copy")
        try:
            folder = tmp_path_factory.mktemp("office")
            with _office(folder, Warehouse(database_server.url(name), server=database_server)) as office:
                office.pipeline.load(CHECKOUT / "partners.yaml")
                office.ask(months_world, 800, 805)
            yield name
        finally:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def office(office_database: str, database_server: EmbeddedServer, tmp_path: Path) -> Iterator[Office]:
    """An office of the test's own."""
    name = f"{office_database}_copy"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {office_database} strategy file_copy")
        try:
            warehouse = Warehouse(
                database_server.url(name), application="aurora test", server=database_server
            )
            with _office(tmp_path, warehouse) as office:
                yield office
        finally:
            connection.execute(f"drop database {name} with (force)")


@contextmanager
def _office(folder: Path, warehouse: Warehouse) -> Iterator[Office]:
    """The installation is the process's for as long as the context lasts."""
    with pytest.MonkeyPatch.context() as environment, dg.DagsterInstance.ephemeral() as instance:
        environment.setenv("AURORA_CONFIG_DIR", str(folder))
        environment.setenv("AURORA_DATABASE_URL", warehouse.url)
        urls = dict.fromkeys(PATHS, NOWHERE)
        pipeline = Pipeline(folder, warehouse, urls, instance)
        pipeline.configure()
        yield Office(pipeline)
