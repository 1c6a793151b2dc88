"""Fixtures: an office with booked epochs, made once and copied for each test, and its automation."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from aurora_assets.partitions import add_periods
from aurora_resources.sandbox.world import World
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.embedded import EmbeddedServer
from tests.integration.pipeline.installation import CHAIN, CHECKOUT
from tests.integration.staleness.automation import Automation
from tests.integration.statements.conftest import _office
from tests.integration.statements.office import dated


@pytest.fixture(scope="session")
def booked_office(
    database_server: EmbeddedServer,
    template_database: str,
    small_world: World,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The name of a database with epochs 800 to 805: January and February are complete, March has begun."""
    name = f"terms_{os.getpid()}"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template_database} strategy file_copy")
        try:
            folder = tmp_path_factory.mktemp("terms")
            with _office(folder, Warehouse(database_server.url(name), server=database_server)) as office:
                office.pipeline.load(CHECKOUT / "partners.yaml")
                office.ask(dated(small_world), 800, 805)
            yield name
        finally:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def automation(booked_office: str, database_server: EmbeddedServer, tmp_path: Path) -> Iterator[Automation]:
    """The automation of an office of the test's own; every booked period has a partition."""
    name = f"{booked_office}_copy"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {booked_office} strategy file_copy")
        try:
            warehouse = Warehouse(
                database_server.url(name), application="aurora test", server=database_server
            )
            with _office(tmp_path, warehouse) as office:
                add_periods(office.pipeline.instance, CHAIN, range(800, 806))
                yield Automation(office)
        finally:
            connection.execute(f"drop database {name} with (force)")
