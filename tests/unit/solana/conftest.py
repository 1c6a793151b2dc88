"""Answers as payloads, from bytes or from what they say; recorded files of the Solana folder."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aurora_resources.records import ProviderRequest, ProviderResponse

Answer = Callable[..., ProviderResponse]


def _answer(question: ProviderRequest | str, said: object, status: int = 200) -> ProviderResponse:
    if isinstance(question, str):
        question = ProviderRequest("rpc", question, "POST", "")
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return ProviderResponse(question, status, body, datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def answer() -> Answer:
    """`answer(question or method, said)`: the payload of an answer, its body given as bytes or JSON."""
    return _answer


@pytest.fixture(scope="session")
def result() -> Answer:
    """The same for JSON-RPC, wrapped in its envelope."""

    def wrapped(question: ProviderRequest | str, said: object) -> ProviderResponse:
        return _answer(question, {"jsonrpc": "2.0", "id": 1, "result": said})

    return wrapped


@pytest.fixture(scope="session")
def recorded(shared_data: Path) -> Callable[[str], bytes]:
    """The bytes of a recorded Solana payload; skips when the file is absent."""

    def read(name: str) -> bytes:
        path = shared_data / "solana" / name
        if not path.is_file():
            pytest.skip(f"no recorded payload {path}")
        return path.read_bytes()

    return read
