"""Each fault as a client meets it, and that the next request after `times` is served."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from aurora_sandbox.solana.generate import demo_world

if TYPE_CHECKING:
    from tests.integration.sandbox.conftest import Json, SandboxClient, Start


E = 432


def put(sandbox: SandboxClient, *faults: Json) -> None:
    assert sandbox.control("POST", "faults", list(faults)).status_code == 200


@pytest.mark.parametrize(("kind", "status"), [("rate_limited", 429), ("http_500", 500), ("http_503", 503)])
def test_a_status_that_passes(start: Start, kind: str, status: int) -> None:
    sandbox = start()
    put(sandbox, f"jito/validators:{kind}:times=2")
    found = [sandbox.post("jito", "/validators", {"epoch": 805}).status_code for _ in range(3)]
    assert found == [status, status, 200]
    assert sandbox.get("jito", "/validator_rewards").status_code == 200


def test_retry_after_in_both_forms(start: Start) -> None:
    sandbox = start()
    put(sandbox, "rpc:rate_limited:times=1:retry_after=3", "jito:rate_limited:retry_after_date=60")
    call = {"jsonrpc": "2.0", "id": 1, "method": "getSlot"}
    assert sandbox.post("rpc", "", call).headers["Retry-After"] == "3"
    assert (
        parsedate_to_datetime(sandbox.get("jito", "/validators").headers["Retry-After"]).timestamp()
        > time.time()
    )


def test_slow(start: Start) -> None:
    sandbox = start()
    put(sandbox, "stakewiz:slow:seconds=0.4:times=1")
    began = time.monotonic()
    assert sandbox.get("stakewiz", "/epoch_info").status_code == 200
    assert time.monotonic() - began > 0.35
    put(sandbox, "stakewiz:slow:seconds=30")
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(sandbox.server.provider_urls["stakewiz"] + "/epoch_info", timeout=0.2)


def test_cut_off(start: Start) -> None:
    sandbox = start()
    put(sandbox, "jito:cut_off:times=1")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.get("jito", "/validators")
    assert sandbox.get("jito", "/validators").status_code == 200


def test_malformed_json_and_html(start: Start) -> None:
    sandbox = start()
    put(sandbox, "jito:malformed_json:times=1", "solanabeach:html_200:times=1")
    broken = sandbox.get("jito", "/validators")
    assert broken.status_code == 200
    with pytest.raises(ValueError, match=r".+"):
        broken.json()
    page = sandbox.get("solanabeach", "/epoch-info")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_empty_success_with_status_500(start: Start) -> None:
    sandbox = start()
    put(sandbox, "*:empty_500")
    answers = {
        "/validators": {"validators": []},
        "/validator_rewards": {"rewards": [], "total_count": 0},
        f"/validators/{'1' * 32}": [],
    }
    for path, body in answers.items():
        answer = sandbox.get("jito", path)
        assert (answer.status_code, answer.json()) == (500, body)


def test_missing_epoch(start: Start) -> None:
    sandbox = start()
    put(sandbox, {"kind": "missing_epoch", "epoch": 805})
    validator = demo_world().epochs[5].validators[0]
    assert sandbox.get("jito", "/validator_rewards", epoch=805).json() == {"rewards": [], "total_count": 0}
    assert sandbox.get("jito", "/validator_rewards", epoch=804).json()["total_count"] > 0
    rows = sandbox.post("jito", "/validators", {"epoch": 805}).json()["validators"]
    assert {row["mev_rewards"] for row in rows} == {0}
    assert sandbox.post("jito", "/mev_rewards", {"epoch": 805}).status_code == 500
    history = sandbox.get("solanabeach", f"/validator/{validator.identity}/block-rewards-history").json()
    assert 805 not in [row["epoch"] for row in history["history"]]
    assert history["pagination"]["total"] == 7
    assert sandbox.rpc("getInflationReward", [validator.vote_account], {"epoch": 805})["code"] == -32004
    assert sandbox.rpc("getInflationReward", [validator.vote_account], {"epoch": 804})[0]["epoch"] == 804
    assert sandbox.rpc("getLeaderSchedule", 805 * E) is None


def test_missing_validator(start: Start) -> None:
    sandbox = start()
    vote, other = (v.vote_account for v in demo_world().epochs[5].validators[:2])
    put(sandbox, {"kind": "missing_validator", "validator": vote})
    rows = sandbox.rpc("getInflationReward", [vote, other], {"epoch": 805})
    assert rows[0] is None
    assert rows[1]["amount"] > 0
    seen = sandbox.rpc("getVoteAccounts")
    assert vote not in {row["votePubkey"] for row in seen["current"]}
    assert vote not in sandbox.get("jito", "/validator_rewards", epoch=805).text
    assert sandbox.get("stakewiz", f"/validator/{vote}").status_code == 404


def test_drift_changes_amounts_only(start: Start) -> None:
    sandbox = start()
    validator = demo_world().epochs[5].validators[0]
    path = f"/validator/{validator.identity}/block-rewards-history"
    before = {row["epoch"]: row for row in sandbox.get("solanabeach", path).json()["history"]}
    put(sandbox, "solanabeach:drift:bps=100:epoch=805", "rpc/getInflationReward:drift:lamports=-1")
    after = {row["epoch"]: row for row in sandbox.get("solanabeach", path).json()["history"]}
    fees = before[805]["fees"]
    assert after == before | {805: before[805] | {"fees": fees + fees // 100}}
    paid = sandbox.facts(805).rewards.voting[validator.vote_account]
    assert (
        sandbox.rpc("getInflationReward", [validator.vote_account], {"epoch": 805})[0]["amount"] == paid - 1
    )


@pytest.mark.parametrize(("to", "kind"), [("object", dict), ("string", str), ("float", float)])
def test_wrong_types(start: Start, to: str, kind: type) -> None:
    sandbox = start()
    put(sandbox, f"jito:wrong_types:to={to}")
    row = sandbox.get("jito", "/validator_rewards", epoch=805).json()["rewards"][0]
    assert isinstance(row["mev_revenue"], kind)


def test_an_rpc_error_in_one_call_of_a_batch(start: Start) -> None:
    sandbox = start()
    put(sandbox, "rpc/getBlockTime:rpc_error:code=-32001:message=gone:times=1")
    slot = sandbox.rpc("getSlot")
    batch = [
        {"jsonrpc": "2.0", "id": 1, "method": "getSlot"},
        {"jsonrpc": "2.0", "id": 2, "method": "getBlockTime", "params": [slot]},
        {"jsonrpc": "2.0", "id": 3, "method": "getBlockTime", "params": [slot]},
    ]
    answers = sandbox.client.post(sandbox.server.provider_urls["rpc"], json=batch).json()
    assert answers[0]["result"] == slot
    assert answers[1] == {"jsonrpc": "2.0", "id": 2, "error": {"code": -32001, "message": "gone"}}
    assert answers[2]["result"] == sandbox.chain.block_time(slot)


def test_faults_are_listed_refused_and_removed(start: Start) -> None:
    sandbox = start()
    put(sandbox, "jito:http_500:times=3")
    sandbox.get("jito", "/validators")
    listed = sandbox.control("GET", "faults").json()["faults"]
    assert listed == [{"provider": "jito", "kind": "http_500", "times": 3, "left": 2}]
    refused = sandbox.control("POST", "faults", ["jito:nonsense"])
    assert refused.status_code == 400
    assert "unknown kind 'nonsense'" in refused.json()["error"]
    assert sandbox.control("DELETE", "faults").json() == {"faults": []}
    assert sandbox.get("jito", "/validators").status_code == 200
