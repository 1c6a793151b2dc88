"""Recorded files of the Ethereum folder, and answers made by hand, as payloads."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aurora_resources.records import ProviderRequest, ProviderResponse

Answer = Callable[..., ProviderResponse]


def _payload(question: ProviderRequest, said: object, status: int = 200) -> ProviderResponse:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return ProviderResponse(question, status, body, datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def answer() -> Answer:
    """`answer(question, said)`: the payload of an answer, its body given as bytes or as JSON."""
    return _payload


@pytest.fixture(scope="session")
def recorded(shared_data: Path) -> Callable[[str], Any]:
    """What a recorded file holds, as JSON; skips when the file is absent."""

    def read(name: str) -> Any:
        path = shared_data / "ethereum" / f"{name}.json"
        if not path.is_file():
            pytest.skip(f"no recorded payload {path}")
        return json.loads(path.read_text())

    return read


@pytest.fixture(scope="session")
def replay(
    recorded: Callable[[str], Any], answer: Answer
) -> Callable[[str, ProviderRequest], ProviderResponse]:
    """`replay(name, question)`: the recorded body, without what its collector added, as an answer."""

    def read(name: str, question: ProviderRequest) -> ProviderResponse:
        said = recorded(name)
        return answer(question, said["response"] if isinstance(said, dict) and "response" in said else said)

    return read
