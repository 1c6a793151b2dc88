"""Fixtures: an installation whose periods are booked; they are booked once, and copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.generate import demo_world
from tests.integration.pipeline.installation import Pipeline
from tests.integration.recompute.books import PERIODS, Booked
from tests.made_once import MadeOnce


@pytest.fixture(scope="session")
def booked_database(made_once: MadeOnce) -> str:
    """The name of a database with three booked periods, to be copied."""
    return made_once.make("recompute", _book)


@pytest.fixture
def booked(
    booked_database: str, made_once: MadeOnce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Booked]:
    """A copy of the three booked periods, for one test."""
    folder = Path(shutil.copytree(made_once.folder(booked_database), tmp_path / "configuration"))
    with made_once.copy(booked_database) as warehouse, dg.DagsterInstance.ephemeral() as instance:
        monkeypatch.setenv("AURORA_CONFIG_DIR", str(folder))
        monkeypatch.setenv("AURORA_DATABASE_URL", warehouse.url)
        yield Booked(Pipeline(folder, warehouse, {}, instance))


def _book(warehouse: Warehouse, folder: Path) -> None:
    with (
        pytest.MonkeyPatch.context() as environment,
        dg.DagsterInstance.ephemeral() as instance,
        SandboxServer(demo_world()) as sandbox,
    ):
        environment.setenv("AURORA_CONFIG_DIR", str(folder))
        environment.setenv("AURORA_DATABASE_URL", warehouse.url)
        pipeline = Pipeline(folder, warehouse, dict(sandbox.provider_urls), instance)
        pipeline.configure()
        pipeline.load(Booked(pipeline).file)
        result = pipeline.backfill(PERIODS[0], PERIODS[-1])
        assert result.succeeded, result.failures
