"""Fixtures: three booked epochs of the demonstration's world, made once a run and copied for each test."""

import itertools
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
from tests.integration.pipeline.installation import CHECKOUT, Pipeline
from tests.integration.verify.books import FIRST, LAST, Books


@pytest.fixture(scope="session")
def booked(
    tmp_path_factory: pytest.TempPathFactory,
    database_server: EmbeddedServer,
    template_database: str,
    small_world: World,
) -> Iterator[tuple[Path, str]]:
    """The folder of the configuration, and the database that tests copy."""
    folder = tmp_path_factory.mktemp("installation")
    name = f"booked{os.getpid()}"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template_database} strategy file_copy")
    warehouse = Warehouse(database_server.url(name), application="aurora test", server=database_server)
    with (
        pytest.MonkeyPatch.context() as environment,
        SandboxServer(small_world) as server,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        environment.setenv("AURORA_CONFIG_DIR", str(folder))
        environment.setenv("AURORA_DATABASE_URL", warehouse.url)
        pipeline = Pipeline(folder, warehouse, dict(server.provider_urls), instance)
        pipeline.configure()
        pipeline.load(CHECKOUT / "partners.yaml")
        done = pipeline.backfill(FIRST, LAST)
        assert done.succeeded, done.failures
    yield folder, name
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


_copies = itertools.count(1)


@pytest.fixture
def books(booked: tuple[Path, str], database_server: EmbeddedServer) -> Iterator[Books]:
    """A copy of the booked warehouse, to be tampered with."""
    folder, source = booked
    name = f"{source}_{next(_copies)}"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {source} strategy file_copy")
        yield Books(Warehouse(database_server.url(name), "aurora test", server=database_server), folder)
        connection.execute(f"drop database {name} with (force)")
