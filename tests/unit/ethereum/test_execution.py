"""Execution nodes: what their errors mean, receipts at once or one by one, and fees out of complete ones."""

import json
from dataclasses import replace

import anyio
import httpx
import msgspec
import pytest

from aurora_resources.errors import (
    HistoryUnavailable,
    PayloadError,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.providers.ethereum import execution
from aurora_resources.providers.ethereum.beacon import PayloadRef
from aurora_resources.providers.ethereum.block_income import corrected_change, transfers
from aurora_resources.providers.ethereum.execution import (
    BLOCK_RECEIPTS,
    RECEIPT,
    Execution,
    Receipt,
    classify_execution,
    contradiction,
    fetch_block,
    priority_fees,
    receipts_of,
)
from aurora_resources.providers.ethereum.quantities import DecimalUint, HexData, HexUint
from tests.unit.ethereum.blocks import BUILDER, HASH, OURS, SOMEBODY, block, numbered, receipt, transaction
from tests.unit.ethereum.nodes import ExecutionNode

NODE = Execution("execution")


def classify(said: object) -> ProviderError | None:
    return classify_execution(NODE.block(HASH), 200, httpx.Headers(), json.dumps(said).encode())


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (-32601, "the method eth_getBlockReceipts does not exist/is not available", RefusedByProvider),
        (-32004, "Method not supported", RefusedByProvider),
        (-32600, "Unsupported method: eth_getBlockReceipts", RefusedByProvider),
        (-32602, "invalid argument 0: hex string has length 62", RefusedByProvider),
        (-32005, "limit exceeded", TransientProviderError),
        (-32002, "resource unavailable", TransientProviderError),
        (-32603, "Internal error", TransientProviderError),
        (429, "Too many requests", TransientProviderError),
        (-32000, "execution timeout", TransientProviderError),
        (-32000, "missing trie node 5a2b (path ) state 0x1 is not available", HistoryUnavailable),
        (-32603, "historical state unavailable", HistoryUnavailable),
        (-32000, "header not found", HistoryUnavailable),
        (-32001, "resource not found", HistoryUnavailable),
    ],
)
def test_error_codes_mean_something_together_with_words(
    code: int, message: str, kind: type[ProviderError]
) -> None:
    error = classify({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}})
    assert type(error) is kind
    assert error.code == code
    assert message in str(error)


def test_a_null_result_is_no_block_and_no_zero() -> None:
    assert type(classify({"jsonrpc": "2.0", "id": 1, "result": None})) is HistoryUnavailable
    assert classify({"jsonrpc": "2.0", "id": 1, "result": []}) is None
    assert classify_execution(NODE.block(HASH), 200, httpx.Headers(), b"<html>") is None


@pytest.mark.parametrize("whole", [True, False])
def test_receipts_come_at_once_or_one_by_one(*, whole: bool) -> None:
    node = ExecutionNode(HASH, 5, whole=whole)
    found = anyio.run(fetch_block, node, NODE, HASH)
    rows = [
        row
        for payload in node.kept
        for row in (
            execution.receipts(payload)
            if payload.request.endpoint == BLOCK_RECEIPTS
            else [execution.receipt(payload)]
            if payload.request.endpoint == RECEIPT
            else []
        )
    ]
    assert priority_fees(found, receipts_of(found, "execution", rows)) == 5 * 21_000 * 2


def test_an_unknown_block_is_history_elsewhere() -> None:
    with pytest.raises(HistoryUnavailable, match="does not know that block"):
        anyio.run(fetch_block, ExecutionNode(HASH, 1), NODE, "0x" + "22" * 32)


def test_fees_are_those_of_every_receipt_failed_ones_too() -> None:
    rows = [
        receipt(1, SOMEBODY, gas=100, price=15),
        receipt(2, SOMEBODY, gas=200, price=10, status=0),
        receipt(3, SOMEBODY, gas=300, price=2**200, blob_gas=131_072),
    ]
    found, _ = block([transaction(n, SOMEBODY, OURS, 0) for n in (1, 2, 3)], rows, base_fee=10)
    by_hash = receipts_of(found, "execution", rows)
    assert priority_fees(found, by_hash) == 100 * 5 + 300 * (2**200 - 10)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([receipt(1, SOMEBODY)], "1 receipts do not match the 2 transactions"),
        ([receipt(1, SOMEBODY), receipt(1, SOMEBODY)], "two receipts"),
        ([receipt(1, SOMEBODY), receipt(3, SOMEBODY)], "do not match"),
        ([receipt(1, SOMEBODY), receipt(2, SOMEBODY, gas=5)], "used 21005 gas, the block says 42000"),
        ([receipt(1, SOMEBODY), receipt(2, SOMEBODY, price=9)], "less than the base fee"),
        (
            [
                receipt(1, SOMEBODY),
                msgspec.structs.replace(receipt(2, SOMEBODY), block_hash=HexData("0x" + "22" * 32)),
            ],
            "a receipt is of block 0x22",
        ),
    ],
)
def test_receipts_that_do_not_fit_their_block_are_refused(rows: list[Receipt], problem: str) -> None:
    whole = [receipt(1, SOMEBODY), receipt(2, SOMEBODY)]
    found, _ = block([transaction(n, SOMEBODY, OURS, 0) for n in (1, 2)], whole)
    with pytest.raises(PayloadError, match=problem) as refused:
        receipts_of(found, "execution", rows, RECEIPT)
    assert refused.value.endpoint == RECEIPT


def test_the_two_layers_must_tell_of_the_same_block() -> None:
    found, _ = block([], [])
    inside = PayloadRef(
        fee_recipient=found.miner,
        block_number=DecimalUint(found.number),
        block_hash=found.hash,
        base_fee_per_gas=DecimalUint(found.base_fee_per_gas),
        gas_used=DecimalUint(found.gas_used),
        timestamp=DecimalUint(found.timestamp),
    )
    assert contradiction(found, inside) is None
    other = msgspec.structs.replace(inside, fee_recipient=HexData(OURS))
    assert contradiction(found, other) == (
        f"fee recipient is {BUILDER} at the execution node and {OURS} in the beacon block"
    )


def test_a_balance_is_corrected_for_what_the_address_did_itself() -> None:
    done = [
        transaction(1, OURS, SOMEBODY, 1_000),  # paid out
        transaction(2, OURS, SOMEBODY, 5_000),  # failed: costs gas, moves nothing
        transaction(3, OURS, OURS, 7_000),  # to itself: costs gas
        transaction(4, BUILDER, OURS, 300),  # the payment
        transaction(5, SOMEBODY, None, 0),
    ]
    rows = [
        receipt(1, OURS, gas=100, price=11),
        receipt(2, OURS, gas=100, price=12, status=0),
        receipt(3, OURS, gas=100, price=13, blob_gas=50),
        receipt(4, BUILDER),
        receipt(5, SOMEBODY),
    ]
    found, by_hash = block(done, rows, withdrawals=[(OURS, 4), (SOMEBODY, 9)])
    before = 10**20
    after = before + 300 + 4 * 10**9 - 1_000 - 100 * (11 + 12 + 13) - 50
    assert corrected_change(OURS, before, after, found, by_hash) == 300
    assert [(row.value, row.succeeded) for row in transfers(found, by_hash)] == [
        (1_000, True),
        (5_000, False),
        (7_000, True),
        (300, True),
    ]


def test_quantities_in_questions_are_as_short_as_can_be() -> None:
    question = NODE.balance(OURS, 0)
    assert question.body == {"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [OURS, "0x0"]}
    assert question.immutable
    assert replace(question, provider="other").digest() != question.digest()
    assert numbered(1) == "0x" + "0" * 63 + "1"
    assert HexUint(5) == 5
