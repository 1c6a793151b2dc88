"""Execution JSON-RPC and the relays of the sandbox: what a block paid, what relays say it paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aurora_sandbox.ethereum.spec import RELAYS
from aurora_sandbox.ethereum.truth import BlockTruth, block_truths
from aurora_sandbox.ethereum.world import demo_ethereum

if TYPE_CHECKING:
    from tests.integration.sandbox.conftest import Json, SandboxClient

WORLD = demo_ethereum()
BLOCKS = [b for k in range(WORLD.first_window, WORLD.last_window + 1) for b in block_truths(WORLD, k)]
CANONICAL = [block for block in BLOCKS if block.canonical]
DELIVERED = "/relay/v1/data/bidtraces/proposer_payload_delivered"


def rpc(sandbox: SandboxClient, method: str, *params: Json) -> Json:
    body = {"jsonrpc": "2.0", "id": 3, "method": method, "params": list(params)}
    answer = sandbox.post("execution", "", body).json()
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", 3)
    return answer["result"] if "result" in answer else answer["error"]


def delivered(sandbox: SandboxClient, relay: str, status: int = 200, **query: Json) -> Json:
    answer = sandbox.get(relay, DELIVERED, **query)
    assert answer.status_code == status, answer.text
    return answer.json()


def only(kind: str) -> BlockTruth:
    return next(block for block in BLOCKS if block.kind == kind)


@pytest.mark.parametrize("truth", CANONICAL, ids=lambda truth: f"{truth.kind}-{truth.slot}")
def test_a_block_and_what_it_paid(demo: SandboxClient, truth: BlockTruth) -> None:
    block = rpc(demo, "eth_getBlockByHash", truth.block_hash, True)
    receipts = rpc(demo, "eth_getBlockReceipts", truth.block_hash)
    body = demo.get("beacon", f"/eth/v2/beacon/blocks/{truth.slot}").json()
    payload = body["data"]["message"]["body"]["execution_payload"]
    assert body["version"] == "electra"
    assert (payload["block_hash"], payload["fee_recipient"]) == (truth.block_hash, truth.fee_recipient)
    assert (int(block["number"], 16), block["miner"]) == (truth.block_number, truth.fee_recipient)
    assert int(block["timestamp"], 16) == 1_606_824_023 + 12 * truth.slot == int(payload["timestamp"])
    assert [tx["hash"] for tx in block["transactions"]] == [r["transactionHash"] for r in receipts]
    assert len(payload["transactions"]) == len(receipts)
    base = int(block["baseFeePerGas"], 16)
    fees = sum(int(r["gasUsed"], 16) * (int(r["effectiveGasPrice"], 16) - base) for r in receipts)
    assert fees == truth.block_fees
    assert sum(int(r["gasUsed"], 16) for r in receipts) == int(block["gasUsed"], 16)
    assert {r["status"] for r in receipts} == {"0x0", "0x1"}
    assert [int(w["amount"], 16) for w in block["withdrawals"]] == [
        int(w["amount"]) for w in payload["withdrawals"]
    ]


def received(sandbox: SandboxClient, truth: BlockTruth, address: str) -> int:
    """The change of a balance over a block without its withdrawals, wei."""
    before, after = (
        int(rpc(sandbox, "eth_getBalance", address, hex(number)), 16)
        for number in (truth.block_number - 1, truth.block_number)
    )
    withdrawals = rpc(sandbox, "eth_getBlockByHash", truth.block_hash, False)["withdrawals"]
    swept = sum(int(w["amount"], 16) * 10**9 for w in withdrawals if w["address"] == address)
    return after - before - swept


def test_the_recipient_s_balance_shows_what_was_paid(demo: SandboxClient) -> None:
    for truth in CANONICAL:
        recipient = WORLD.members[truth.member].fee_recipient
        dust = 1 if truth.kind == "builder" else 0
        assert received(demo, truth, recipient) == truth.fees + truth.mev + dust, truth.kind
    internal = only("internal")
    address = WORLD.members[internal.member].fee_recipient
    block = rpc(demo, "eth_getBlockByHash", internal.block_hash, True)
    assert address not in {tx["to"] for tx in block["transactions"]}
    assert address in {w["address"] for w in block["withdrawals"]}


def test_payments_that_fail_are_only_in_the_receipts(demo: SandboxClient) -> None:
    failed = only("failed")
    last = rpc(demo, "eth_getBlockByHash", failed.block_hash, True)["transactions"][-1]
    claimed = failed.claims["relay-flashbots"]
    assert (last["to"], int(last["value"], 16)) == (WORLD.members[failed.member].fee_recipient, claimed)
    receipt = rpc(demo, "eth_getTransactionReceipt", last["hash"])
    assert (receipt["status"], receipt["gasUsed"]) == ("0x0", last["gas"])
    assert rpc(demo, "eth_getTransactionByHash", last["hash"]) == last
    assert (failed.mev, failed.fees) == (0, 0)


def test_not_found_is_null_and_wrong_calls_are_errors(demo: SandboxClient) -> None:
    assert rpc(demo, "eth_chainId") == "0x1"
    assert rpc(demo, "eth_getBlockByNumber", "0x1", False) is None
    assert rpc(demo, "eth_getBlockByHash", only("orphaned").block_hash, False) is None
    assert rpc(demo, "eth_getBlockReceipts", "0xfffffff") is None
    assert rpc(demo, "eth_getTransactionReceipt", "0x" + "0" * 64) is None
    assert rpc(demo, "eth_getBalance", "0x" + "12" * 20, "latest") == "0x0"
    assert rpc(demo, "eth_getBlockByNumber", "0x00", False)["code"] == -32602
    assert rpc(demo, "eth_getBlockByNumber", "latest")["code"] == -32602
    assert rpc(demo, "trace_block", "0x1")["code"] == -32601
    latest, final = (rpc(demo, "eth_getBlockByNumber", tag, False) for tag in ("latest", "finalized"))
    assert int(latest["number"], 16) > int(final["number"], 16)
    assert rpc(demo, "eth_blockNumber") == latest["number"]
    batch = [
        {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"},
        {"jsonrpc": "2.0", "id": 2, "method": "eth_nothing"},
    ]
    answers = demo.post("execution", "", batch).json()
    assert [answer.get("result", "error") for answer in answers] == ["0x1", "error"]


def test_claims_by_hash_and_the_extra_row_of_the_same_slot(demo: SandboxClient) -> None:
    for truth in BLOCKS:
        claims = {}
        for relay in RELAYS:
            for row in delivered(demo, relay, block_hash=truth.block_hash):
                claims[relay] = int(row["value"])
                assert (row["slot"], row["proposer_pubkey"]) == (
                    str(truth.slot),
                    WORLD.members[truth.member].pubkey,
                )
        assert claims == truth.claims, truth.kind
    builder = only("builder")
    rows = delivered(demo, "relay-flashbots", slot=builder.slot)
    assert len(rows) == 2
    assert len({row["block_hash"] for row in rows}) == 2
    assert {relay: value // only("lying").mev for relay, value in only("lying").claims.items()} == {
        "relay-flashbots": 1,
        "relay-titan": 3,
    }


@pytest.mark.parametrize("relay", RELAYS)
def test_a_scan_by_cursor_meets_every_row(demo: SandboxClient, relay: str) -> None:
    limit = 100
    cursor, seen = WORLD.head_epoch * 32 + 31, set()
    for _ in range(40):
        rows = delivered(demo, relay, cursor=cursor, limit=limit)
        slots = [int(row["slot"]) for row in rows]
        assert slots == sorted(slots, reverse=True)
        assert all(slot <= cursor for slot in slots)
        seen |= {(row["slot"], row["block_hash"]) for row in rows}
        if len(rows) < limit:
            break
        cursor = slots[-1]
    expected = {(str(row.slot), row.block_hash) for row in WORLD.claims[relay]}
    late = {key for key in expected if int(key[0]) > WORLD.head_epoch * 32 + 20}
    assert seen == expected - late


def test_a_relay_refuses_in_its_own_words(demo: SandboxClient) -> None:
    refused: dict[str, dict[str, Json]] = {
        "cannot specify both slot and cursor": {"slot": 1, "cursor": 2},
        "invalid slot argument": {"slot": "x"},
        "invalid cursor argument": {"cursor": "-1"},
        "invalid block_hash argument": {"block_hash": "0x12"},
        "invalid block_number argument": {"block_number": "y"},
        "invalid proposer_pubkey argument": {"proposer_pubkey": "0x12"},
        "invalid limit argument": {"limit": "all"},
        "maximum limit is 200": {"limit": 201},
    }
    for message, query in refused.items():
        assert delivered(demo, "relay-flashbots", 400, **query) == {"code": 400, "message": message}
    assert delivered(demo, "relay-titan", 400, limit=101)["message"] == "maximum limit is 100"
    assert delivered(demo, "relay-flashbots", slot=1) == []
    bids = "/relay/v1/data/bidtraces/builder_blocks_received"
    assert demo.get("relay-flashbots", bids, cursor=1).json()["message"] == "cursor argument not supported"
    assert demo.get("relay-flashbots", bids).status_code == 400
    rows = demo.get("relay-flashbots", bids, slot=only("builder").slot).json()
    assert rows[0]["optimistic_submission"] is True
    registration = "/relay/v1/data/validator_registration"
    known = demo.get("relay-flashbots", registration, pubkey=WORLD.members[0].pubkey).json()
    assert known["message"]["fee_recipient"] == WORLD.members[0].fee_recipient
    assert demo.get("relay-flashbots", registration, pubkey="0x" + "ab" * 48).status_code == 400
    assert demo.get("relay-flashbots", "/relay/v2/data").status_code == 404
