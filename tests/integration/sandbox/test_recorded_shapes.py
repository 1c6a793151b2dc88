"""Answers have the keys and types of recorded ones; only fields of newer nodes come on top."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.sandbox.conftest import Json, SandboxClient

E = 432
VOTE = "VOTE"
NEWER = {"inflationRewardsCommissionBps", "commissionBps", "apiVersion", "numRewardPartitions"}
CASES: list[tuple[str, str, list[Any]]] = [
    ("rpc_getEpochInfo_RECORDED.json", "getEpochInfo", []),
    ("rpc_getEpochSchedule_RECORDED.json", "getEpochSchedule", []),
    ("rpc_getInflationRate_RECORDED.json", "getInflationRate", []),
    ("rpc_getInflationGovernor_RECORDED.json", "getInflationGovernor", []),
    ("rpc_getFirstAvailableBlock_RECORDED.json", "getFirstAvailableBlock", []),
    ("rpc_getBlocks_RECORDED.json", "getBlocks", [803 * E, 803 * E + 20]),
    ("rpc_getVoteAccounts_RECORDED_trim.json", "getVoteAccounts", []),
    (
        "rpc_getBlock_epoch_boundary_rewards_epoch348.json",
        "getBlock",
        [806 * E, {"transactionDetails": "none"}],
    ),
    ("rpc_getInflationReward_null_RECORDED.json", "getInflationReward", [[VOTE], {"epoch": 805}]),
]


@pytest.mark.parametrize(("name", "method", "params"), CASES)
def test_the_recorded_shape(
    demo: SandboxClient, shared_solana: Path, name: str, method: str, params: list[Any]
) -> None:
    recorded = json.loads((shared_solana / name).read_text())
    result = (recorded[0]["response"] if isinstance(recorded, list) else recorded)["result"]
    vote = demo.chain.latest.epoch.validators[0].vote_account
    served = demo.rpc(method, *[[vote] if param == [VOTE] else param for param in params])
    assert shape(served) == shape(result)


def shape(value: Json) -> Json:
    """Keys and types; a list is the shape of its last entry, and a commission may be null."""
    if isinstance(value, dict):
        found = {key: shape(entry) for key, entry in value.items() if key not in NEWER}
        return found | {"commission": "int"} if "commission" in found else found
    if isinstance(value, list):
        return [shape(value[-1])] if value else []
    return type(value).__name__
