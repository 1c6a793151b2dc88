"""The sandbox's faults on Ethereum's providers, and its recordings of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.ethereum.spec import EthereumSpec
from aurora_sandbox.ethereum.truth import BlockTruth, block_truths
from aurora_sandbox.ethereum.world import demo_ethereum, generate_ethereum
from aurora_sandbox.providers import FAULTS
from aurora_sandbox.server.recording import Recording

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.sandbox.conftest import Json, SandboxClient, Start

WORLD = demo_ethereum()
EPOCH = WORLD.spec.first_epoch
INDICES = [str(m.index) for m in WORLD.members]
REWARDS = "/eth/v1/beacon/rewards/attestations"
DELIVERED = "/relay/v1/data/bidtraces/proposer_payload_delivered"


def put(sandbox: SandboxClient, *faults: Json) -> None:
    answer = sandbox.control("POST", "faults", list(faults))
    assert answer.status_code == 200, answer.text


def builder() -> BlockTruth:
    return next(block for block in block_truths(WORLD, WORLD.first_window) if block.kind == "builder")


def rpc(sandbox: SandboxClient, method: str, *params: Json) -> Json:
    body = {"jsonrpc": "2.0", "id": 3, "method": method, "params": list(params)}
    answer = sandbox.post("execution", "", body).json()
    return answer["result"] if "result" in answer else answer["error"]


def test_a_missing_endpoint(start: Start) -> None:
    sandbox = start()
    put(
        sandbox,
        "beacon/eth/v2/validator/duties/*:no_endpoint",
        "beacon/eth/v1/beacon/rewards/attestations/*:no_endpoint:times=1",
        "execution/eth_getBlockReceipts:no_endpoint",
    )
    assert sandbox.get("beacon", f"/eth/v2/validator/duties/proposer/{EPOCH}").status_code == 404
    assert sandbox.get("beacon", f"/eth/v1/validator/duties/proposer/{EPOCH}").status_code == 200
    assert [sandbox.post("beacon", f"{REWARDS}/{EPOCH}", INDICES).status_code for _ in range(2)] == [404, 200]
    assert rpc(sandbox, "eth_getBlockReceipts", "latest")["code"] == -32601
    assert rpc(sandbox, "eth_chainId") == "0x1"


def test_a_missing_state_of_one_epoch(start: Start) -> None:
    sandbox = start()
    put(sandbox, {"kind": "no_state", "provider": "beacon", "epoch": EPOCH})
    missing = sandbox.post("beacon", f"{REWARDS}/{EPOCH}", INDICES)
    assert missing.status_code == 404
    assert missing.json()["message"] == f"NOT_FOUND: missing state at slot {EPOCH * 32}"
    assert sandbox.post("beacon", f"{REWARDS}/{EPOCH + 1}", INDICES).status_code == 200
    assert sandbox.get("beacon", f"/eth/v1/beacon/headers/{EPOCH * 32}").status_code == 200
    with pytest.raises(ConfigurationError, match="no_state is of beacon"):
        FAULTS.parse("rpc:no_state")


def test_a_relay_that_is_down_or_lies(start: Start) -> None:
    sandbox, truth = start(), builder()
    put(sandbox, "relay-flashbots:http_503:times=2", "relay-ultrasound:drift:bps=20000:amount=7")
    ask = {"block_hash": truth.block_hash}
    found = [sandbox.get("relay-flashbots", DELIVERED, **ask).status_code for _ in range(3)]
    assert found == [503, 503, 200]
    lie = sandbox.get("relay-ultrasound", DELIVERED, **ask).json()[0]
    assert int(lie["value"]) == 3 * truth.mev + 7
    assert lie["gas_used"] == sandbox.get("relay-flashbots", DELIVERED, **ask).json()[0]["gas_used"]


def test_missing_epoch_and_missing_validator(start: Start) -> None:
    sandbox, truth = start(), builder()
    epoch = truth.slot // 32
    put(sandbox, {"kind": "missing_epoch", "epoch": epoch})
    for relay in truth.claims:
        assert sandbox.get(relay, DELIVERED, block_hash=truth.block_hash).json() == []
        assert sandbox.get(relay, DELIVERED, cursor=truth.slot + 40).json()[0]["slot"] != str(truth.slot)
    assert rpc(sandbox, "eth_getBlockByHash", truth.block_hash, False) is None
    assert sandbox.post("beacon", f"{REWARDS}/{epoch}", INDICES).status_code == 404
    sandbox.control("DELETE", "faults")
    put(sandbox, {"kind": "missing_validator", "validator": WORLD.members[2].pubkey})
    rows = sandbox.post("beacon", f"{REWARDS}/{epoch}", INDICES).json()["data"]["total_rewards"]
    assert {row["validator_index"] for row in rows} == set(INDICES) - {INDICES[2]}
    state = sandbox.post("beacon", f"/eth/v1/beacon/states/{truth.slot}/validators", {"ids": INDICES})
    assert INDICES[2] not in {row["index"] for row in state.json()["data"]}
    assert sandbox.get("relay-flashbots", DELIVERED, block_hash=truth.block_hash).json() == []


@pytest.mark.parametrize(("to", "kind"), [("object", dict), ("string", str), ("float", float)])
def test_wrong_types(start: Start, to: str, kind: type) -> None:
    sandbox, truth = start(), builder()
    put(sandbox, f"*:wrong_types:to={to}")
    value = sandbox.get("relay-flashbots", DELIVERED, block_hash=truth.block_hash).json()[0]["value"]
    assert isinstance(value, kind)
    reward = sandbox.post("beacon", f"{REWARDS}/{EPOCH}", INDICES[:1]).json()["data"]["total_rewards"][0]
    assert isinstance(reward["target"], kind)
    assert reward["target"] != str(reward["target"]) or " " in reward["target"]
    receipt = rpc(sandbox, "eth_getBlockReceipts", truth.block_hash)[0]
    assert isinstance(receipt["effectiveGasPrice"], kind)


def test_drift_of_quoted_and_hexadecimal_amounts(start: Start) -> None:
    sandbox, truth = start(), builder()
    path = f"/eth/v1/beacon/rewards/blocks/{truth.slot}"
    before = sandbox.get("beacon", path).json()["data"]
    address = WORLD.members[0].fee_recipient
    balance = int(rpc(sandbox, "eth_getBalance", address, "finalized"), 16)
    put(sandbox, "beacon:drift:amount=-1", "execution/eth_getBalance:drift:amount=5")
    after = sandbox.get("beacon", path).json()["data"]
    assert int(after["total"]) == int(before["total"]) - 1
    assert after["proposer_index"] == before["proposer_index"]
    assert int(rpc(sandbox, "eth_getBalance", address, "finalized"), 16) == balance + 5


def test_faults_of_the_whole_response(start: Start) -> None:
    sandbox = start()
    put(
        sandbox,
        "*:rate_limited:times=1:retry_after=2",
        "beacon:empty_500:times=2",
        "execution:html_200:times=1",
    )
    limited = sandbox.get("beacon", "/eth/v1/node/version")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2")
    empty = sandbox.get("beacon", "/eth/v1/node/version")
    assert (empty.status_code, empty.json()["data"]) == (500, [])
    assert sandbox.post("execution", "", {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}).text[0] == "<"
    put(sandbox, "execution/eth_getBalance:rpc_error:code=-32000:message=missing trie node")
    found = rpc(sandbox, "eth_getBalance", WORLD.members[0].fee_recipient, "latest")
    assert found == {"code": -32000, "message": "missing trie node"}


def test_what_was_recorded_is_replayed(start: Start, tmp_path: Path) -> None:
    world, truth = start(record=tmp_path), builder()

    def collect(sandbox: SandboxClient) -> list[Json]:
        return [
            sandbox.post("beacon", f"{REWARDS}/{EPOCH}", INDICES).text,
            sandbox.get("relay-titan", DELIVERED, block_hash=truth.block_hash).text,
            sandbox.get("relay-flashbots", DELIVERED, block_hash=truth.block_hash).text,
            rpc(sandbox, "eth_getBlockByHash", truth.block_hash, True),
            sandbox.get("beacon", f"/eth/v1/beacon/headers/{truth.slot}").text,
        ]

    expected = collect(world)
    replay = start(Recording.load(tmp_path))
    assert collect(replay) == expected
    assert replay.control("POST", "ethereum", {"head_epoch": 1}).status_code == 400
    replay.control("POST", "faults", ["relay-flashbots:drift:amount=1"])
    rows = replay.get("relay-flashbots", DELIVERED, block_hash=truth.block_hash).json()
    assert int(rows[0]["value"]) == truth.mev + 1


def test_worlds_that_cannot_be_are_refused_and_others_are_one_s_own(start: Start) -> None:
    for wrong in ({"windows": 0}, {"window_epochs": 0}, {"first_window": 0}, {"schedule": ()}):
        with pytest.raises(ConfigurationError, match="Ethereum world"):
            EthereumSpec(**wrong)
    with pytest.raises(ConfigurationError, match="do not fit"):
        EthereumSpec(window_epochs=1, schedule=((("local", 0),) * 9,))
    spec = EthereumSpec(seed=3, window_epochs=4, windows=1, schedule=((("kept", 0),),))
    sandbox = start(ethereum=generate_ethereum(spec))
    state = sandbox.control("GET", "ethereum").json()
    assert (state["seed"], state["window_epochs"], state["first_window"]) == (3, 4, 401_919 // 4)
    (block,) = block_truths(generate_ethereum(spec), spec.first)
    assert (block.kind, block.case) == ("kept", "C")
    assert generate_ethereum(spec).slots == generate_ethereum(spec).slots
