"""Recordings: how requests are matched, and that what was recorded comes back as it was."""

import json
from pathlib import Path
from typing import Any

import pytest

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.providers import PROVIDERS
from aurora_sandbox.server.recording import Recording, Reply

Json = Any


def recorded(tmp_path: Path, *exchanges: dict[str, Any]) -> Recording:
    (tmp_path / "exchanges.jsonl").write_text("\n".join(json.dumps(e) for e in exchanges) + "\n")
    return Recording.load(tmp_path)


def exchange(request: dict[str, Any], answer: Json, **response: Json) -> dict[str, Any]:
    return {"request": {"method": "GET", "path": "/"} | request, "response": {"json": answer} | response}


def find(recording: Recording, method: str, path: str, body: Json = None) -> Reply | None:
    """As the server looks for a request: with the path below the provider's prefix, too."""
    inner = [found for provider in PROVIDERS if (found := provider.inner_path(path)) is not None]
    return recording.find(method, path, {}, body, inner_path=inner[0] if inner else None)


def call(method: str, params: list[Any] | None = None, identifier: Json = 1) -> dict[str, Any]:
    found = {"jsonrpc": "2.0", "id": identifier, "method": method}
    return found if params is None else found | {"params": params}


def answer(result: Json, identifier: Json = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "result": result, "id": identifier}


def test_rpc_is_matched_on_method_and_params_and_echoes_the_id(tmp_path: Path) -> None:
    recording = recorded(
        tmp_path,
        exchange({"method": "POST", "json": call("getBlock", [5, {"a": 1, "b": 2}])}, answer("five")),
        exchange({"method": "POST", "json": call("getBlock", [6])}, answer("six")),
        exchange({"method": "POST", "json": call("getSlot")}, answer(2**64 - 1)),
    )
    found = find(recording, "POST", "/rpc", call("getBlock", [5, {"b": 2, "a": 1}], "other"))
    assert found is not None
    assert json.loads(found.body) == answer("five", "other")
    slot = recording.find("POST", "/", {}, call("getSlot", []))
    assert slot is not None
    assert str(2**64 - 1).encode() in slot.body
    assert recording.find("POST", "/", {}, call("getBlock", [7])) is None


def test_a_batch_is_answered_from_single_calls_and_the_other_way_round(tmp_path: Path) -> None:
    batch = [call("getSlot", [], 1), call("getBlock", [5], 2)]
    recording = recorded(
        tmp_path,
        exchange({"method": "POST", "json": batch}, [answer("five", 2), answer("slot", 1)]),
        exchange({"method": "POST", "json": call("getBlock", [6])}, answer("six")),
    )
    single = recording.find("POST", "/", {}, call("getBlock", [5], 9))
    assert single is not None
    assert json.loads(single.body) == answer("five", 9)
    mixed = recording.find("POST", "/", {}, [call("getBlock", [6], 3), call("getSlot", [], 4)])
    assert mixed is not None
    assert json.loads(mixed.body) == [answer("six", 3), answer("slot", 4)]


def test_paths_match_with_and_without_the_sandbox_prefix(tmp_path: Path) -> None:
    recording = recorded(
        tmp_path,
        exchange({"path": "/api/v1/validators"}, "jito"),
        exchange({"path": "https://host.example/v2/epoch-info"}, "beach"),
        exchange({"path": "/validators"}, "wiz"),
        exchange({"path": "/stakewiz/epoch_info"}, "prefixed"),
    )
    expected = {
        "/jito/api/v1/validators": b'"jito"',
        "/api/v1/validators": b'"jito"',
        "/solanabeach/v2/epoch-info": b'"beach"',
        "/stakewiz/validators": b'"wiz"',
        "/stakewiz/epoch_info": b'"prefixed"',
    }
    found = {path: find(recording, "GET", path) for path in expected}
    assert {path: reply and reply.body for path, reply in found.items()} == expected


@pytest.mark.parametrize("query", [{"epoch": 678, "limit": "2"}, "limit=2&epoch=678"])
def test_the_query_counts_in_any_order(tmp_path: Path, query: object) -> None:
    recording = recorded(tmp_path, exchange({"path": "/validator_rewards", "query": query}, []))
    assert recording.find("GET", "/validator_rewards", {"limit": "2", "epoch": "678"}, None)
    assert recording.find("GET", "/validator_rewards", {"limit": "2"}, None) is None


def test_repeated_requests_get_the_answers_in_order_then_the_last(tmp_path: Path) -> None:
    recording = recorded(
        tmp_path,
        exchange({}, None, text="busy", status=429, headers={"Retry-After": "1", "Content-Length": "4"}),
        {"request": {"method": "GET", "path": "/"}, "response": {"json": [1]}},
    )
    first, second, third = (recording.find("GET", "/", {}, None) for _ in range(3))
    assert first is not None
    assert (first.status, first.headers["Retry-After"]) == (429, "1")
    assert "Content-Length" not in first.headers
    assert second == third
    assert second is not None
    assert second.body == b"[1]"


def test_numbers_come_back_digit_by_digit(tmp_path: Path) -> None:
    line = (
        '{"request": {"method": "GET", "path": "/x"}, "response": '
        '{"json": {"big": 123456789012345678901234567890, "rate": 7.16512622565213e-05, "one": 1.0}}}'
    )
    (tmp_path / "exchanges.jsonl").write_text(line)
    found = Recording.load(tmp_path).find("GET", "/x", {}, None)
    assert found is not None
    assert found.body == (
        b'{"big": 123456789012345678901234567890, "rate": 7.16512622565213e-05, "one": 1.0}'
    )


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "exchanges.jsonl").write_text('\n{"request": {}}\n')
    with pytest.raises(ConfigurationError, match="line 2"):
        Recording.load(tmp_path)
    with pytest.raises(ConfigurationError, match=r"exchanges\.jsonl"):
        Recording.load(tmp_path / "nowhere")
