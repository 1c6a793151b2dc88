"""Control requests to a running sandbox; recording what it serves and replaying it."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.server.recording import Recording
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.generate import Growth, demo_spec, demo_world

if TYPE_CHECKING:
    from tests.integration.sandbox.conftest import SandboxClient, Start


E = 432


def test_state_and_the_log_of_requests(start: Start) -> None:
    sandbox = start()
    sandbox.rpc("getSlot")
    sandbox.get("jito", "/validators", epoch=805)
    state = sandbox.control("GET", "state").json()
    assert (state["mode"], state["current_epoch"], state["validators"]) == ("world", 810, 24)
    log = sandbox.control("GET", "requests").json()["requests"]
    assert [(entry["provider"], entry["method"], entry["path"], entry["status"]) for entry in log] == [
        ("rpc", "POST", "/rpc", 200),
        ("jito", "GET", "/jito/api/v1/validators", 200),
    ]
    assert log[0]["json"]["method"] == "getSlot"
    assert log[1]["query"] == {"epoch": "805"}
    sandbox.control("DELETE", "requests")
    assert sandbox.control("GET", "requests").json() == {"requests": []}
    assert sandbox.control("GET", "nothing").status_code == 404
    assert sandbox.client.get(sandbox.server.base_url + "/moon").status_code == 404


def test_epochs_advance_and_a_generated_world_grows(start: Start) -> None:
    sandbox = start(grow=Growth(demo_spec()))
    vote = demo_world().epochs[0].validators[0].vote_account
    before = sandbox.rpc("getInflationReward", [vote], {"epoch": 807})
    assert sandbox.rpc("getInflationReward", [vote], {"epoch": 808})["code"] == -32018
    assert sandbox.control("POST", "advance", {"epochs": 2}).json()["current_epoch"] == 812
    assert sandbox.rpc("getEpochInfo")["epoch"] == 812
    assert sandbox.rpc("getInflationReward", [vote], {"epoch": 809})[0]["epoch"] == 809
    assert sandbox.rpc("getInflationReward", [vote], {"epoch": 807}) == before
    assert sandbox.control("POST", "advance", {"epochs": 0}).status_code == 400


def test_a_listed_future_appears_as_the_chain_gets_there(start: Start) -> None:
    sandbox = start(demo_world().model_copy(update={"current_epoch": 804}))
    assert sandbox.get("jito", "/validator_rewards", epoch=804).json()["total_count"] == 0
    sandbox.control("POST", "advance")
    assert sandbox.get("jito", "/validator_rewards", epoch=804).json()["total_count"] > 0


def test_what_was_recorded_is_replayed(start: Start, tmp_path: Path) -> None:
    world = start(record=tmp_path)
    vote = demo_world().epochs[0].validators[0].vote_account
    world.control("POST", "faults", ["jito:rate_limited:times=1:retry_after=1"])

    def collect(sandbox: SandboxClient) -> list[Any]:
        return [
            sandbox.rpc("getInflationReward", [vote], {"epoch": 805}),
            sandbox.rpc("getBlock", 806 * E + 1, {"transactionDetails": "none"}),
            sandbox.get("jito", "/validator_rewards", epoch=805).headers.get("Retry-After"),
            sandbox.get("jito", "/validator_rewards", epoch=805).text,
            sandbox.post("jito", "/validators", {"epoch": 805}).text,
            sandbox.get("solanabeach", "/epoch-info").text,
        ]

    expected = collect(world)
    assert expected[2] == "1"
    replay = start(Recording.load(tmp_path))
    assert collect(replay) == expected
    missed = replay.post("jito", "/validators", {"epoch": 804})
    assert missed.status_code == 404
    assert missed.json()["asked"] == {
        "method": "POST",
        "path": "/jito/api/v1/validators",
        "query": {},
        "json": {"epoch": 804},
    }
    assert replay.control("GET", "state").json()["mode"] == "recording"
    assert replay.control("POST", "advance").status_code == 400


def test_faults_over_a_recording(start: Start, tmp_path: Path) -> None:
    line = {
        "request": {"method": "GET", "path": "/api/v1/validator_rewards", "query": {"epoch": "678"}},
        "response": {"json": {"rewards": [{"epoch": 678, "mev_revenue": 1_000}], "total_count": 1}},
    }
    (tmp_path / "exchanges.jsonl").write_text(json.dumps(line))
    sandbox = start(Recording.load(tmp_path))
    sandbox.control("POST", "faults", ["jito:drift:bps=1000:times=1", "jito:http_503:times=1"])
    answers = [sandbox.get("jito", "/validator_rewards", epoch=678) for _ in range(3)]
    assert answers[0].status_code == 503
    assert [a.json()["rewards"][0]["mev_revenue"] for a in answers[1:]] == [1_100, 1_000]


def test_a_port_in_use_is_an_error_that_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=str(port)):
            SandboxServer(demo_world(), port=port).__enter__()


def test_it_stops_and_leaves_nothing_running(start: Start) -> None:
    with SandboxServer(demo_world()) as server:
        port = int(server.base_url.rsplit(":", 1)[1])
    assert "aurora-sandbox" not in {thread.name for thread in threading.enumerate()}
    with socket.create_server(("127.0.0.1", port)):
        pass
