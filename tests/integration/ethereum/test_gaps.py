"""What a provider does not tell leaves the window INCOMPLETE, with a name; a later run completes it."""

from typing import Any

import httpx
import pytest

from aurora_sandbox.ethereum.truth import window_truth
from aurora_sandbox.ethereum.world import EthereumWorld
from aurora_sandbox.serving import SandboxServer
from tests.integration.pipeline.installation import Pipeline, faults
from tests.integration.pipeline.steps import work_through

GONE = {"kind": "no_endpoint"}
DOWN = {"kind": "http_503"}
BEACON = "eth/v1/beacon/"

FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a relay is down": (
        {"provider": "relay-ultrasound", "endpoint": "bidtraces/proposer_payload_delivered", **DOWN},
        "RELAY_SILENT",
        "relay-ultrasound did not answer",
    ),
    "no rewards of attestations": (
        {"provider": "beacon", "endpoint": f"{BEACON}rewards/attestations/*", **GONE},
        "REWARDS_MISSING",
        "epochs of its attestations are not there",
    ),
    "no rewards of blocks": (
        {"provider": "beacon", "endpoint": f"{BEACON}rewards/blocks/*", **GONE},
        "REWARDS_MISSING",
        "of its proposals are not there",
    ),
    "no duties": (
        {"provider": "beacon", "endpoint": "eth/*/validator/duties/proposer/*", **GONE},
        "BLOCKS_UNKNOWN",
        "the proposers of 6 of 6 epochs are not staged",
    ),
    "no historic states": (
        {"provider": "beacon", "endpoint": f"{BEACON}states/*", "kind": "no_state"},
        "PROVIDER_FAILED",
        "this node does not hold that state",
    ),
    "a relay that answers a page": (
        {"provider": "relay-titan", "endpoint": "*", "kind": "html_200"},
        "RELAY_SILENT",
        "relay-titan did not answer",
    ),
    "rewards that are no numbers": (
        {"provider": "beacon", "endpoint": f"{BEACON}rewards/attestations/*", "kind": "wrong_types"},
        "PROVIDER_FAILED",
        "rewards/attestations",
    ),
    "half an answer": (
        {"provider": "execution", "endpoint": "eth_getBlockReceipts", "kind": "malformed_json"},
        "PROVIDER_FAILED",
        "eth_getBlockReceipts",
    ),
    "no execution node": (
        {"provider": "execution", "endpoint": "eth_getBlockByHash", **DOWN},
        "BLOCKS_UNKNOWN",
        "its block, receipts or payload are not staged",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_gap_has_a_name_and_is_closed_later(
    name: str, ether: Pipeline, ether_sandbox: SandboxServer, ether_world: EthereumWorld
) -> None:
    fault, code, message = FAULTS[name]
    window = ether_world.first_window
    with faults(ether_sandbox, fault):
        failures = work_through(ether, window)
    told = [text for found, text in ether.findings(window) if found == code]
    if failures:
        pytest.fail(f"nothing is booked: {failures}")
    assert any(message in text for text in told), ether.findings(window)
    rows = ether.pnl(window)
    assert any(row["completeness"] == "INCOMPLETE" for row in rows.values())
    truth = window_truth(ether_world, window)
    for key, row in rows.items():
        missing = [
            part for part in ("exec_fees", "mev_tips", "vote_rewards", "commission") if row[part] is None
        ]
        assert (row["total_revenue"] is None) == bool(missing)
        if truth[key].client is None and row["mev_tips"] is not None:
            assert row["mev_tips"] == truth[key].mev, "what is known is right"

    assert work_through(ether, window) == {}
    assert {row["completeness"] for row in ether.pnl(window).values()} == {"COMPLETE"}
    assert not {found for found, _ in ether.findings(window)} & {code, "PROVIDER_FAILED"}


def test_a_node_of_another_make_gives_the_same_books(
    ether: Pipeline, ether_sandbox: SandboxServer, ether_world: EthereumWorld
) -> None:
    """Duties in the older version, receipts one by one, and everything fails once: nothing is different."""
    window = ether_world.first_window + 3
    with faults(
        ether_sandbox,
        {"provider": "beacon", "endpoint": "eth/v2/validator/duties/proposer/*", **GONE},
        {"provider": "execution", "endpoint": "eth_getBlockReceipts", **GONE},
        {"provider": "beacon", "kind": "http_500", "times": 2},
        {"provider": "execution", "kind": "cut_off", "times": 2},
        {"provider": "relay-flashbots", "kind": "rate_limited", "retry_after": 0, "times": 2},
    ):
        assert work_through(ether, window) == {}
    truth = window_truth(ether_world, window)
    for key, row in ether.pnl(window).items():
        assert row["completeness"] == "COMPLETE"
        if truth[key].client is None:
            assert (row["exec_fees"], row["mev_tips"]) == (truth[key].fees, truth[key].mev)
            assert row["vote_rewards"] == truth[key].consensus_wei


def test_a_relay_that_failed_is_named(
    ether: Pipeline, ether_sandbox: SandboxServer, ether_world: EthereumWorld
) -> None:
    with faults(ether_sandbox, FAULTS["a relay is down"][0]):
        work_through(ether, ether_world.first_window)
    failed = [text for found, text in ether.findings(ether_world.first_window) if found == "PROVIDER_FAILED"]
    assert any("relay-ultrasound" in text and "503" in text for text in failed)
    states = dict(ether.query("select role, state from staging.ingestions where is_current"))
    assert states["mev"] == "OPEN"
    assert states["fees"] == "SETTLED"


def test_a_stalled_chain_leaves_the_window_open(
    stalled: SandboxServer, make_books: Any, ether_world: EthereumWorld
) -> None:
    books = make_books(stalled)
    window = ether_world.first_window + 2
    failures = work_through(books, window)
    assert "finality has stalled" in failures["periods"]
    assert books.pnl(window) == {}
    # The lag of ten epochs keeps the window before it open, too.
    assert "is not final" in work_through(books, window - 1)["periods"]

    with httpx.Client(verify=False) as control:  # noqa: S501 - a plain address
        address = f"{stalled.base_url}/_sandbox/ethereum"
        control.post(address, json={"finalized_epoch": None}).raise_for_status()
    assert work_through(books, window) == {}
    assert {row["completeness"] for row in books.pnl(window).values()} == {"COMPLETE"}
