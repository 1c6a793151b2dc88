"""Responses of the sandbox's Ethereum have the keys and types of recorded ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from aurora_sandbox.ethereum.truth import block_truths
from aurora_sandbox.ethereum.world import demo_ethereum

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.sandbox.conftest import Json, SandboxClient

WORLD = demo_ethereum()
BLOCKS = [b for k in range(WORLD.first_window, WORLD.last_window + 1) for b in block_truths(WORLD, k)]
BUILDER = next(block for block in BLOCKS if block.kind == "builder")
LEGACY = "0x0"
NEWER = {"requestsHash"}
PAYMENT = WORLD.payload(BUILDER.slot).transactions[-1].hash
EPOCH = BUILDER.slot // 32
IDS = [str(m.index) for m in WORLD.members[:4]]
SLOT = next(slot for slot in WORLD.accounts[3].sync if slot >= 32 * WORLD.spec.first_epoch)

BEACON: list[tuple[str, str, str, Any]] = [
    ("beacon_headers_11062525.json", "GET", f"/eth/v1/beacon/headers/{BUILDER.slot}", None),
    ("beacon_genesis_mainnet.json", "GET", "/eth/v1/beacon/genesis", None),
    ("beacon_node_version.json", "GET", "/eth/v1/node/version", None),
    ("example_teku_duties_proposer.json", "GET", f"/eth/v1/validator/duties/proposer/{EPOCH}", None),
    (
        "beacon_post_state_validators_head_80ids.json",
        "POST",
        f"/eth/v1/beacon/states/{BUILDER.slot}/validators",
        {"ids": IDS},
    ),
    (
        "example_teku_state_validator_balances.json",
        "POST",
        f"/eth/v1/beacon/states/{BUILDER.slot}/validator_balances",
        IDS,
    ),
    (
        "beacon_rewards_attestations_335909_good.json",
        "POST",
        f"/eth/v1/beacon/rewards/attestations/{EPOCH}",
        IDS,
    ),
    ("beacon_rewards_blocks_10760040.json", "GET", f"/eth/v1/beacon/rewards/blocks/{BUILDER.slot}", None),
    (
        "beacon_rewards_sync_committee_10760058.json",
        "POST",
        f"/eth/v1/beacon/rewards/sync_committee/{SLOT}",
        IDS,
    ),
]
EXECUTION: list[tuple[str, str, list[Any]]] = [
    (
        "exec_eth_getBlockByNumber_21771728_full.json",
        "eth_getBlockByNumber",
        [hex(BUILDER.block_number), True],
    ),
    ("exec_eth_getBlockByNumber_21847848.json", "eth_getBlockByNumber", [hex(BUILDER.block_number), False]),
    ("exec_eth_getTransactionByHash_21847848_mev_payment.json", "eth_getTransactionByHash", [PAYMENT]),
    ("exec_eth_getTransactionReceipt_21847848_mev_payment.json", "eth_getTransactionReceipt", [PAYMENT]),
    ("exec_eth_getBlockByNumber_null.json", "eth_getBlockByNumber", ["0x3e8", True]),
    ("exec_eth_getBlockReceipts_future_null.json", "eth_getBlockReceipts", ["0x37"]),
    ("exec_eth_getBalance_zero.json", "eth_getBalance", ["0x" + "00" * 20, "latest"]),
    ("exec_eth_blockNumber.json", "eth_blockNumber", []),
]


@pytest.fixture(scope="session")
def recorded(shared_data: Path) -> Path:
    return shared_data / "ethereum"


def body_of(path: Path) -> Json:
    found = json.loads(path.read_text())
    return found["response"] if isinstance(found, dict) and "response" in found else found


@pytest.mark.parametrize(("name", "method", "path", "body"), BEACON, ids=lambda value: str(value)[:40])
def test_the_beacon_api(
    demo: SandboxClient, recorded: Path, name: str, method: str, path: str, body: Json
) -> None:
    served = demo.get("beacon", path) if method == "GET" else demo.post("beacon", path, body)
    expected = shape(body_of(recorded / name))
    assert served.status_code == 200
    assert shape(served.json()) == expected


@pytest.mark.parametrize(("name", "method", "params"), EXECUTION, ids=lambda value: str(value)[:40])
def test_the_execution_layer(
    demo: SandboxClient, recorded: Path, name: str, method: str, params: list[Any]
) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    served = demo.post("execution", "", call).json()["result"]
    real = body_of(recorded / name)["result"]
    if params[1:] == [True] and real is not None:  # transactions have their own test, by type
        served, real = served | {"transactions": []}, real | {"transactions": []}
    assert shape(served) == shape(real)


def test_receipts_with_logs(demo: SandboxClient, recorded: Path) -> None:
    real = body_of(recorded / "exec_eth_getBlockReceipts_testchain_latest.json")["result"]
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockReceipts", "params": [BUILDER.block_hash]}
    served = demo.post("execution", "", call).json()["result"]
    with_logs = [next(receipt for receipt in rows if receipt["logs"]) for rows in (served, real)]
    assert set(with_logs[0]) == set(with_logs[1])
    assert shape(with_logs[0]["logs"]) == shape(with_logs[1]["logs"])


def test_transactions_and_receipts_by_type(demo: SandboxClient, recorded: Path) -> None:
    real = {
        tx["type"]: set(tx)
        for tx in body_of(recorded / "exec_eth_getBlockByNumber_21771728_full.json")["result"]["transactions"]
    }
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber"}
    seen: dict[str, set[str]] = {}
    for truth in BLOCKS:
        if truth.canonical:
            answer = demo.post("execution", "", {**call, "params": [hex(truth.block_number), True]}).json()
            seen |= {tx["type"]: set(tx) for tx in answer["result"]["transactions"]}
    assert seen == real


def test_delivered_payloads(demo: SandboxClient, recorded: Path) -> None:
    path = "/relay/v1/data/bidtraces/proposer_payload_delivered"
    served = demo.get("relay-flashbots", path, block_hash=BUILDER.block_hash).json()
    assert shape(served) == shape(body_of(recorded / "relay_proposer_payload_delivered_slot_6516479.json"))
    old = body_of(recorded / "relay_bidtrace_slot_3939006_v1.json")
    row = demo.get("relay-titan", path, limit=1).json()[0]
    assert set(row) == set(old[0] if isinstance(old, list) else old)
    assert demo.get("relay-titan", path, slot=3).json() == body_of(
        recorded / "relay_proposer_payload_delivered_empty.json"
    )
    bids = demo.get(
        "relay-ultrasound", "/relay/v1/data/bidtraces/builder_blocks_received", slot=BUILDER.slot
    ).json()
    assert shape(bids) == shape(body_of(recorded / "relay_builder_blocks_received_ultrasound_hoodi.json"))


def test_refusals(demo: SandboxClient, recorded: Path) -> None:
    errors = json.loads((recorded / "beacon_errors.json").read_text())
    assert demo.get("beacon", "/eth/v1/beacon/headers/1").json() == errors["block_404"]["body"]
    assert demo.get("beacon", "/eth/v1/beacon/headers/current").json() == errors["block_id_400"]["body"]
    state = demo.get("beacon", "/eth/v1/beacon/states/99999999/finality_checkpoints").json()
    assert state == errors["state_404"]["body"]
    pruned = demo.post("beacon", "/eth/v1/beacon/rewards/attestations/5", IDS).json()
    assert shape(pruned) == shape(errors["rewards_attestations_404_lighthouse_pruned"]["body"])
    early = demo.post("beacon", "/eth/v1/beacon/rewards/attestations/999999", IDS).json()
    assert early == errors["rewards_attestations_404_spec"]["body"]
    path = "/relay/v1/data/bidtraces/proposer_payload_delivered"
    known = json.loads((recorded / "relay_errors.json").read_text())["proposer_payload_delivered"]
    refused = demo.get("relay-flashbots", path, slot=1, cursor=2).json()
    assert refused in [entry["body"] for entry in known]


def shape(value: Json) -> Json:
    """Keys and types; a list is the shape of its last entry."""
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items() if key not in NEWER}
    if isinstance(value, list):
        return [shape(value[-1])] if value else []
    return type(value).__name__
