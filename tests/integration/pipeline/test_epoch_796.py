"""The main job on real input: the network of epoch 796, 1,221 validators, served from its snapshot.

The snapshot knows stake, credits and commission, but neither tips nor fees nor who the stakers are. What the
network must have been paid is worked out here anew, from the snapshot and the protocol's rule.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest

from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.serving import PATHS, SandboxServer
from aurora_sandbox.solana.world import load_world
from tests.integration.pipeline.commands import sandbox_command
from tests.integration.pipeline.installation import CHAIN, Pipeline, content

EPOCH = 796
POOL = 148_307_474_694_131
DUST = 954
COMMISSION_SOL = {"CcaHc2L4": "195.46", "CvSb7wdQ": "175.42", "he1iusun": "0.00", "tri1cHBy": "4.38"}


@dataclass(frozen=True)
class Paid:
    """What a validator and its stakers were paid, in lamports."""

    commission: int
    stakers: int


@dataclass(frozen=True)
class Network:
    """The snapshot's validators: stake and payment by vote account, and the largest possible dust."""

    stakes: dict[str, int]
    paid: dict[str, Paid]
    dust_bound: int

    @property
    def total(self) -> int:
        """Everything that was paid, in lamports."""
        return sum(paid.commission + paid.stakers for paid in self.paid.values())


@pytest.fixture(scope="module")
def snapshot_file(shared_data: Path) -> Path:
    path = shared_data / "solana" / f"snapshot_validators_epoch{EPOCH}_staked.json"
    if not path.is_file():
        pytest.skip(f"no snapshot of epoch {EPOCH} at {path}")
    return path


@pytest.fixture(scope="module")
def network(snapshot_file: Path) -> Network:
    """One stake account a validator: its reward is floored once, and its division once more.

    floor(a) + floor(b) of a + b = whole number loses at most 1, so each floor loses less than one lamport.
    """
    snapshot = json.loads(snapshot_file.read_text())
    points = {row["vote_account"]: row["stake"] * row["credits"] for row in snapshot["validator_metas"]}
    whole, paid, floors = sum(points.values()), {}, 0
    for row in snapshot["validator_metas"]:
        key, rate = row["vote_account"], Fraction(row["commission"], 100)
        gross = snapshot["validator_rewards"] * points[key] // whole
        voter, staker = int(gross * rate), int(gross * (1 - rate))
        floors += 2 if 0 < rate < 1 else 1
        if 0 < rate < 1:
            # A side of nothing would cancel the whole payment; no validator of this network is so small.
            assert (voter > 0 and staker > 0) or gross == 0
        paid[key] = Paid(voter, staker)
    return Network({row["vote_account"]: row["stake"] for row in snapshot["validator_metas"]}, paid, floors)


@pytest.fixture
def whole_network(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Pipeline]]:
    """An installation that keeps the books of everybody, asking the sandbox at an address."""
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("AURORA_DATABASE_URL", warehouse.url)
    with dg.DagsterInstance.ephemeral() as instance:

        def make(base_url: str) -> Pipeline:
            urls = {name: base_url + path for name, path in PATHS.items()}
            made = Pipeline(tmp_path, warehouse, urls, instance)
            made.configure(validators="all", validator_defaults={"own_wallets": []})
            return made

        yield make


def test_every_validator_of_the_network_has_its_books(
    snapshot_file: Path, network: Network, whole_network: Callable[[str], Pipeline]
) -> None:
    with sandbox_command("--world", str(snapshot_file)) as base_url:
        books = whole_network(base_url)
        assert httpx.get(f"{base_url}/_sandbox/state").json()["validators"] == len(network.paid) == 1_221
        result = books.backfill(EPOCH, EPOCH)
        assert result.succeeded, result.failures
        before = content(books)
        again = books.backfill(EPOCH, EPOCH)
        assert again.succeeded, again.failures
        assert content(books) == before
    booked = books.pnl(EPOCH)
    assert {key: row["commission"] for key, row in booked.items()} == {
        key: paid.commission for key, paid in network.paid.items()
    }
    assert {prefix: shown(booked, prefix) for prefix in COMMISSION_SOL} == COMMISSION_SOL
    assert Counter(states(row) for row in booked.values()) == {
        ("MISSING", "MISSING", "FINAL", "FINAL", "INCOMPLETE"): 1_221
    }
    assert all(row["total_revenue"] is None for row in booked.values())
    gaps = Counter(code for code, _ in books.findings(EPOCH))
    assert gaps == {
        "FEES_MISSING": 2 * 1_221,  # of each of the two providers
        "MEV_MISSING": 1_221,
        "STAKERS_UNKNOWN": 1_221,
        "NETWORK_REWARDS": 1,
        "REWARDS_UNATTRIBUTED": 1,
    }
    check_total(books, network)
    check_that_a_person_can_read_it(books)


def check_that_a_person_can_read_it(books: Pipeline) -> None:
    """Thousands of findings alike are rows of their own in the warehouse, and a few lines in Dagster."""
    key = dg.AssetKey([CHAIN, "canonical", "validator_fees"])
    event = books.instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    text = str(event.asset_materialization.metadata["findings"].value)
    assert "1,221 validators in all | and 2,439 more" in text
    assert len(text.splitlines()) < 10


def check_total(books: Pipeline, network: Network) -> None:
    """Commission in the books and the stakers' rows as staged are what was to be paid, less the dust."""
    ((commission,),) = books.query("select sum(commission) from computation.validator_pnl_current")
    blocks = books.query(
        "select body from staging.payloads where role = 'rewards' and endpoint = 'getBlock' and accepted"
    )
    rows = [row for (body,) in blocks for row in json.loads(bytes(body))["result"]["rewards"]]
    staking = sum(row["lamports"] for row in rows if row["rewardType"].lower() == "staking")
    assert commission + staking == network.total == POOL - DUST
    assert 0 <= DUST < network.dust_bound
    (told,) = [text for code, text in books.findings(EPOCH) if code == "NETWORK_REWARDS"]
    assert f"{POOL - DUST:,} lamports in all" in told


def states(row: dict[str, Any]) -> tuple[str, ...]:
    columns = ("exec_fees_state", "mev_tips_state", "vote_rewards_state", "commission_state", "completeness")
    return tuple(row[column] for column in columns)


def shown(booked: dict[str, dict[str, Any]], prefix: str) -> str:
    """A validator's commission in SOL, rounded to two places; FINAL, or this is an error."""
    (row,) = [row for key, row in booked.items() if key.startswith(prefix)]
    assert row["commission_state"] == "FINAL"
    return str(round(Decimal(row["commission"]).scaleb(-9), 2))


def test_with_a_stake_snapshot_every_staker_s_reward_is_attributed(
    snapshot_file: Path, network: Network, whole_network: Callable[[str], Pipeline]
) -> None:
    """Stake accounts can only be read while the next epoch runs; the rest is asked when that one is over."""
    world = load_world(snapshot_file).model_copy(update={"current_epoch": EPOCH + 1})
    with SandboxServer(world) as server:
        books = whole_network(server.base_url)
        early = books.backfill(EPOCH, EPOCH)
        assert not early.succeeded
        assert all("not final" in reason for reason in early.failures.values()), early.failures
        httpx.post(f"{server.base_url}/_sandbox/advance", json={"epochs": 1}).raise_for_status()
        result = books.backfill(EPOCH, EPOCH)
        assert result.succeeded, result.failures
    rows = books.query(
        "select validator_key, commission, delegators_share, active_stake "
        "from canonical.validator_rewards where period_id = %s",
        EPOCH,
    )
    assert {key: Paid(commission, stakers) for key, commission, stakers, _ in rows} == network.paid
    assert {key: stake for key, _, _, stake in rows} == network.stakes
    assert sum(commission + stakers for _, commission, stakers, _ in rows) == POOL - DUST
    ((stake, reward, basis),) = books.query(
        "select sum(active_stake), sum(reward), min(stake_basis) from canonical.stake_rewards"
    )
    assert (stake, reward) == (
        sum(network.stakes.values()),
        sum(paid.stakers for paid in network.paid.values()),
    )
    assert basis == "SNAPSHOT"
    codes = Counter(code for code, _ in books.findings(EPOCH))
    assert "STAKERS_UNKNOWN" not in codes
    assert "REWARDS_UNATTRIBUTED" not in codes
