"""Fixtures: an office with booked epochs, made once and copied for each test, and its automation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aurora_assets.graph.partitions import add_periods
from tests.integration.pipeline.installation import CHAIN
from tests.integration.staleness.automation import Automation
from tests.integration.statements.office import office_of
from tests.made_once import MadeOnce


@pytest.fixture
def automation(office_database: str, made_once: MadeOnce, tmp_path: Path) -> Iterator[Automation]:
    """The automation of an office of the test's own; every booked period has a partition."""
    with made_once.copy(office_database) as warehouse, office_of(tmp_path, warehouse) as office:
        add_periods(office.pipeline.instance, CHAIN, range(800, 806))
        yield Automation(office)
