"""Fixtures: booked epochs of the demonstration's world, made once a run and copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.generate import demo_world
from tests.integration.pipeline.installation import CHECKOUT, Pipeline
from tests.integration.verify.books import FIRST, LAST, Books
from tests.made_once import MadeOnce


@pytest.fixture(scope="session")
def booked(made_once: MadeOnce) -> tuple[Path, str]:
    """The folder of the configuration, and the database that tests copy."""
    name = made_once.make("verify", _book)
    return made_once.folder(name), name


@pytest.fixture
def books(booked: tuple[Path, str], made_once: MadeOnce) -> Iterator[Books]:
    """A copy of the booked warehouse, to be tampered with."""
    folder, source = booked
    with made_once.copy(source) as warehouse:
        yield Books(warehouse, folder)


def _book(warehouse: Warehouse, folder: Path) -> None:
    with (
        pytest.MonkeyPatch.context() as environment,
        SandboxServer(demo_world()) as server,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        environment.setenv("AURORA_CONFIG_DIR", str(folder))
        environment.setenv("AURORA_DATABASE_URL", warehouse.url)
        pipeline = Pipeline(folder, warehouse, dict(server.provider_urls), instance)
        pipeline.configure()
        pipeline.load(CHECKOUT / "partners.yaml")
        done = pipeline.backfill(FIRST, LAST)
        assert done.succeeded, done.failures
