"""The real network of epoch 796, served from its end-of-epoch snapshot."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.world import load_world

GROSS_AND_COMMISSION_SOL = {
    "CcaHc2L43ZWjwCHART3oZoJvHLAe9hzT2DJNUpBzoTN1": ("2792.3145", "195.4620"),
    "CvSb7wdQAFpHuSpTYTJnX5SYH4hCfQ9VuGnqrKaKwycB": ("3508.3913", "175.4196"),
    "he1iusunGwqrNtafDtLdhsUQDFvo13z9sUa36PauBtk": ("5184.5100", "0.0000"),
}


if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.sandbox.conftest import SandboxClient, Start


@pytest.fixture
def sandbox(start: Start, shared_solana: Path) -> SandboxClient:
    return start(load_world(shared_solana / "snapshot_validators_epoch796_staked.json"))


def test_it_starts_fast(shared_solana: Path) -> None:
    began = time.process_time()
    with SandboxServer(load_world(shared_solana / "snapshot_validators_epoch796_staked.json")):
        assert time.process_time() - began < 2


def test_the_whole_payout_and_its_dust(sandbox: SandboxClient) -> None:
    config = {"transactionDetails": "none", "maxSupportedTransactionVersion": 0, "rewards": True}
    first, second = sandbox.rpc("getBlocksWithLimit", 797 * 432_000, 2)
    boundary = sandbox.rpc("getBlock", first, config)
    payout = sandbox.rpc("getBlock", second, config)
    assert (first, boundary["parentSlot"], boundary["numRewardPartitions"]) == (344_304_000, 344_303_999, 1)
    rows = boundary["rewards"] + payout["rewards"]
    paid = sum(row["lamports"] for row in rows)
    dust = 148_307_474_694_131 - paid
    rewards = sandbox.facts(796).rewards
    assert dust == rewards.dust == 954
    assert dust <= rewards.dust_bound < 2 * 1_221
    assert rewards.unpaid_splits == 0


def test_known_shares(sandbox: SandboxClient) -> None:
    facts = sandbox.facts(796)
    for vote, (gross, commission) in GROSS_AND_COMMISSION_SOL.items():
        (account,) = facts.active(vote)
        rows = sandbox.rpc("getInflationReward", [vote, account.stake_account], {"epoch": 796})
        amounts = [row["amount"] if row else 0 for row in rows]
        assert f"{sum(amounts) / 10**9:.4f}" == gross
        assert f"{amounts[0] / 10**9:.4f}" == commission


def test_what_the_snapshot_does_not_know_is_not_served(sandbox: SandboxClient) -> None:
    facts = sandbox.facts(796)
    identity = facts.epoch.validators[0].node
    assert sandbox.get("jito", "/validator_rewards", epoch=796).json() == {"rewards": [], "total_count": 0}
    history = sandbox.get("solanabeach", f"/validator/{identity}/block-rewards-history").json()
    assert history["history"] == []
    assert sandbox.rpc("getLeaderSchedule", 796 * 432_000, {"identity": identity}) is None
