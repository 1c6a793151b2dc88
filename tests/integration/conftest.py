"""Fixtures: a sandbox that serves the demonstration's world, and an installation that asks it."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.generate import demo_world
from aurora_sandbox.solana.world import World
from tests.integration.pipeline.installation import Pipeline
from tests.integration.statements.office import book_three_months
from tests.made_once import MadeOnce


@pytest.fixture(scope="session")
def small_world() -> World:
    """The demonstration's world: 24 validators, 400 stake accounts, epochs 800 to 807."""
    return demo_world()


@pytest.fixture
def sandbox(small_world: World) -> Iterator[SandboxServer]:
    """A sandbox that serves the small world."""
    with SandboxServer(small_world) as server:
        yield server


@pytest.fixture
def make_pipeline(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[SandboxServer], Pipeline]]:
    """An installation that asks a sandbox; its configuration and database are the process's."""
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("AURORA_DATABASE_URL", warehouse.url)
    with dg.DagsterInstance.ephemeral() as instance:

        def make(server: SandboxServer) -> Pipeline:
            made = Pipeline(tmp_path, warehouse, copy.copy(server.provider_urls), instance)
            made.configure()
            return made

        yield make


@pytest.fixture
def pipeline(make_pipeline: Callable[[SandboxServer], Pipeline], sandbox: SandboxServer) -> Pipeline:
    """An installation on the small world."""
    return make_pipeline(sandbox)


@pytest.fixture(scope="session")
def office_database(made_once: MadeOnce) -> str:
    """The name of a database with three months of books, to be copied."""
    return made_once.make("office", book_three_months)
