"""Fixtures: the office's books are made once, and copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aurora_sandbox.solana.world import World
from tests.integration.statements.office import Office, dated, office_of
from tests.made_once import MadeOnce


@pytest.fixture(scope="session")
def months_world(small_world: World) -> World:
    """The small world, dated."""
    return dated(small_world)


@pytest.fixture
def office(office_database: str, made_once: MadeOnce, tmp_path: Path) -> Iterator[Office]:
    """An office of the test's own."""
    with made_once.copy(office_database) as warehouse, office_of(tmp_path, warehouse) as office:
        yield office
