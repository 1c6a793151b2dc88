"""Fixtures of the specification: a story drawn in a test's docstring, and the design's golden numbers."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.spec.commission.drawing import tables
from tests.spec.commission.story import Story


@pytest.fixture
def story(request: pytest.FixtureRequest) -> Story:
    function = request.function
    assert function.__doc__, "a story needs a docstring with tables"
    return Story(tables(function.__doc__))


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> dict[str, Any]:
    """The design's golden vectors, from the shared data where it is at hand."""
    vectors: dict[str, Any] = json.loads((shared_data / "engine" / "golden_vectors.json").read_text())
    return vectors


@pytest.fixture(scope="session")
def integers() -> Callable[[str], list[int]]:
    """Reads the integers out of a vector's text, in order."""
    return lambda text: [int(number) for number in re.findall(r"-?\d+", text)]
