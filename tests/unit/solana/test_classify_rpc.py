"""What a node's error codes mean, and that it is codes together with words."""

import json
from collections.abc import Callable

import httpx
import pytest

from aurora_resources.errors import (
    HistoryUnavailable,
    NotYetAvailable,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.providers.solana.rpc import SolanaRpc, classify_rpc

QUESTION = SolanaRpc("rpc").block_rewards(5)


def classify(code: int, message: str = "") -> ProviderError | None:
    body = {"jsonrpc": "2.0", "error": {"code": code, "message": message, "data": {"slot": 5}}, "id": 1}
    return classify_rpc(QUESTION, 200, httpx.Headers(), json.dumps(body).encode())


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (-32001, "Block 5 cleaned up, does not exist on node. First available block: 9", HistoryUnavailable),
        (-32004, "Block not available for slot 5", NotYetAvailable),
        (-32005, "Node is behind by 42 slots", TransientProviderError),
        (-32007, "Slot 5 was skipped, or missing due to ledger jump", HistoryUnavailable),
        (-32009, "Slot 5 was skipped, or missing in long-term storage", HistoryUnavailable),
        (-32010, "excluded from account secondary indexes", HistoryUnavailable),
        (-32011, "Transaction history is not available from this node", HistoryUnavailable),
        (-32012, "scan aborted", TransientProviderError),
        (-32014, "Block status not yet available for slot 5", TransientProviderError),
        (-32015, "Transaction version (0) is not supported", RefusedByProvider),
        (-32016, "Minimum context slot has not been reached", TransientProviderError),
        (-32017, "Epoch rewards period still active at slot 5", NotYetAvailable),
        (-32017, "HBase is down", TransientProviderError),
        (-32018, "Rewards cannot be found because slot 5 is not the epoch boundary", HistoryUnavailable),
        (-32019, "Failed to query long-term storage; please try again", TransientProviderError),
        (-32600, "Invalid request", RefusedByProvider),
        (-32601, "Method not found", RefusedByProvider),
        (-32602, "Too many inputs provided; max 5", RefusedByProvider),
        (-32700, "Parse error", RefusedByProvider),
        (-32603, "Internal error", TransientProviderError),
        (-99, "nobody knows", RefusedByProvider),
    ],
)
def test_the_table(code: int, message: str, kind: type[ProviderError]) -> None:
    error = classify(code, message)
    assert type(error) is kind
    assert error.code == code
    assert message in str(error)
    assert "getBlock" in str(error)


def test_recorded_errors(recorded: Callable[[str], bytes]) -> None:
    found = [
        type(classify_rpc(QUESTION, entry["http"], httpx.Headers(), json.dumps(entry["body"]).encode()))
        for entry in json.loads(recorded("rpc_errors.json"))
    ]
    assert found == [HistoryUnavailable, NotYetAvailable, NotYetAvailable]


@pytest.mark.parametrize("body", [b'{"result": null, "id": 1}', b'{"result": [], "error": null}', b"<html>"])
def test_an_answer_is_no_error_and_nonsense_is_left_to_the_parser(body: bytes) -> None:
    assert classify_rpc(QUESTION, 200, httpx.Headers(), body) is None
