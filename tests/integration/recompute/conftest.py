"""Fixtures: an installation whose periods are booked; they are booked once, and copied for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from aurora_resources.sandbox.server import SandboxServer
from aurora_resources.sandbox.world import World
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.embedded import EmbeddedServer
from tests.integration.pipeline.installation import Pipeline
from tests.integration.recompute.books import PERIODS, Booked


@pytest.fixture(scope="session")
def booked_database(
    database_server: EmbeddedServer,
    template_database: str,
    small_world: World,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Path]]:
    """The name of a database with three booked periods, and the folder of its configuration."""
    folder, name = tmp_path_factory.mktemp("booked"), f"booked_{os.getpid()}"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template_database} strategy file_copy")
    warehouse = Warehouse(database_server.url(name), server=database_server)
    with (
        pytest.MonkeyPatch.context() as environment,
        dg.DagsterInstance.ephemeral() as instance,
        SandboxServer(small_world) as sandbox,
    ):
        environment.setenv("AURORA_CONFIG_DIR", str(folder))
        environment.setenv("AURORA_DATABASE_URL", warehouse.url)
        pipeline = Pipeline(folder, warehouse, dict(sandbox.provider_urls), instance)
        pipeline.configure()
        pipeline.load(Booked(pipeline).file)
        result = pipeline.backfill(PERIODS[0], PERIODS[-1])
        assert result.succeeded, result.failures
    yield name, folder
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def booked(
    booked_database: tuple[str, Path], database_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Booked]:
    """A copy of the three booked periods, for one test."""
    template, folder = booked_database
    name = f"{template}_copy"
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(folder))
    monkeypatch.setenv("AURORA_DATABASE_URL", database_server.url(name))
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template} strategy file_copy")
        warehouse = Warehouse(database_server.url(name), server=database_server)
        with dg.DagsterInstance.ephemeral() as instance:
            yield Booked(Pipeline(folder, warehouse, {}, instance))
        connection.execute(f"drop database {name} with (force)")
