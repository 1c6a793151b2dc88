"""Stake counts in epoch e when activation < e <= deactivation: every relation of the two to e, to the end.

The world is a file. Its figures are chosen so that a reward is exactly a thousandth of the stake that
earned it, and a commission exactly 7 % of that: stake, rewards and commission can be told by heart.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.commissions import book_commissions
from aurora_resources.config.files import load_config
from aurora_resources.providers.wiring import chain_source
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.pubkeys import derive_pubkey
from aurora_sandbox.solana.world import load_world
from tests.integration.pipeline.installation import CHAIN, Pipeline
from tests.integration.pipeline.steps import work_through

EPOCH = 800
SOL = 10**9
ACTIVATED = (1, EPOCH - 1, EPOCH, EPOCH + 1)
DEACTIVATED = (EPOCH - 2, EPOCH - 1, EPOCH, EPOCH + 1, EPOCH + 2, None)
WINDOWS = [
    (activated, deactivated)
    for activated in ACTIVATED
    for deactivated in (activated, *DEACTIVATED)
    if (deactivated is None or activated <= deactivated) and (activated, deactivated) != (1, 1)
]
"""(activation, deactivation): before, equal to and after the epoch, equal to each other, and never."""
COUNTED = {
    (1, EPOCH), (1, EPOCH + 1), (1, EPOCH + 2), (1, None),
    (EPOCH - 1, EPOCH), (EPOCH - 1, EPOCH + 1), (EPOCH - 1, EPOCH + 2), (EPOCH - 1, None),
}  # fmt: skip
"""Written out, not computed: what the rule must come to."""

PARTNERS = ("northwind", "harbor")
NAMES = ("jito", "plain")


def address(*what: object) -> str:
    return derive_pubkey("stake window", *map(str, what))


WALLETS = {partner: address("wallet", partner) for partner in PARTNERS}
VALIDATORS = {name: address("vote", name) for name in NAMES}


@dataclass(frozen=True)
class Account:
    """One stake account of the world; `partner` None is the house's."""

    validator: str
    address: str
    partner: str | None
    stake: int
    window: tuple[int, int | None]

    @property
    def counted(self) -> int:
        """What of the stake counted, in lamports."""
        return self.stake if self.window in COUNTED else 0


def accounts() -> Iterator[Account]:
    """For each validator and partner one account of every window, each with another stake."""
    for at, name in enumerate(NAMES):
        for number, window in enumerate(dict.fromkeys(WINDOWS)):
            for who, partner in enumerate((*PARTNERS, None)):
                stake = (1_000 + 100 * at + 7 * number + 3 * who) * SOL
                yield Account(name, address(name, window, partner), partner, stake, window)


ALL = tuple(accounts())


def counted(validator: str, *partners: str | None) -> int:
    return sum(a.counted for a in ALL if a.validator == validator and a.partner in (partners or {a.partner}))


def world_file(folder: Path) -> Path:
    """Two validators of 7 %; only one runs Jito. No block fees: this is about stake."""
    validators: list[dict[str, Any]] = [
        {
            "vote_account": VALIDATORS[name],
            "stake": counted(name),
            "credits": 6_900_000,
            "commission": 7,
            "stake_accounts": [
                {
                    "stake_account": account.address,
                    "staker": address("staker", account.address),
                    "withdrawer": WALLETS[account.partner] if account.partner else address("house"),
                    "stake": account.stake,
                    "activation_epoch": account.window[0],
                    "deactivation_epoch": account.window[1],
                }
                for account in ALL
                if account.validator == name
            ],
        }
        for name in NAMES
    ]
    validators[0] |= {"mev_commission_bps": 800, "tips": 50 * SOL}
    epoch = {
        "epoch": EPOCH,
        "capitalization": 600_000_000 * SOL,
        "validator_rate": 0.045,
        "epoch_duration_in_years": 0.0055,
        "validator_rewards": sum(counted(name) for name in NAMES) // 1_000,
        "validators": validators,
    }
    path = folder / "world.json"
    world = {
        "format": "aurora-world/1", "slots_per_epoch": 432, "current_epoch": EPOCH + 1, "epochs": [epoch]
    }  # fmt: skip
    path.write_text(json.dumps(world))
    return path


def agreements() -> dict[str, Any]:
    """Both partners are paid half of the commission by stake, each validator by an agreement of its own."""
    return {
        "format": "aurora-agreements/1",
        "partners": [
            {
                "code": partner,
                "name": partner,
                "wallets": [{"chain": CHAIN, "wallet": WALLETS[partner], "from": "2000-01-01"}],
                "agreements": [
                    {
                        "id": f"{partner}-{name}",
                        "name": f"{partner} at {name}",
                        "status": "ACTIVE",
                        "from": "2000-01-01",
                        "rules": [
                            {
                                "id": "half",
                                "component": "COMMISSION",
                                "method": "STAKE_WEIGHT",
                                "chain": CHAIN,
                                "validator": VALIDATORS[name],
                                "rate_bps": 5_000,
                            }
                        ],
                    }
                    for name in NAMES
                ],
            }
            for partner in PARTNERS
        ],
    }


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SandboxServer]:
    """The world of the file, in the epoch after the one that is of interest."""
    with SandboxServer(load_world(world_file(tmp_path))) as serving:
        yield serving


@pytest.fixture
def pipeline(make_pipeline: Any, server: SandboxServer) -> Pipeline:
    made: Pipeline = make_pipeline(server)
    made.configure(validators=[{"key": key, "own_wallets": []} for key in VALIDATORS.values()])
    made.load(agreements())
    return made


def test_the_windows_are_of_every_kind() -> None:
    relations = {
        (before(activated), None if end is None else before(end), activated == end)
        for activated, end in WINDOWS
    }
    assert len(relations) == 11
    assert set(WINDOWS) > COUNTED
    assert {(end, end) for end in (EPOCH - 1, EPOCH, EPOCH + 1)} < set(WINDOWS)


def before(epoch: int) -> int:
    """-1 before the epoch of interest, 0 in it, 1 after it."""
    return (epoch > EPOCH) - (epoch < EPOCH)


def advance(server: SandboxServer) -> None:
    httpx.post(f"{server.base_url}/_sandbox/advance", json={"epochs": 1}).raise_for_status()


def stakes_by_partner(pipeline: Pipeline, name: str) -> dict[str | None, int | None]:
    rows = pipeline.query(
        "select code, active_stake from computation.partner_stake_current "
        "left join registry.partners using (partner_id) where validator_key = %s",
        VALIDATORS[name],
    )
    return dict(rows)


def paid_lines(pipeline: Pipeline) -> dict[tuple[str, str], int]:
    rows = pipeline.query(
        "select code, validator_key, amount from computation.commission_lines_current "
        "join registry.partners using (partner_id)"
    )
    return {(code, key): amount for code, key, amount in rows}


def check_stake_and_rewards(pipeline: Pipeline, name: str, basis: str) -> None:
    """Exactly the accounts that counted are booked, with their stake and a thousandth of it less 7 %."""
    rows = pipeline.query(
        "select stake_account, active_stake, reward, commission, stake_basis from canonical.stake_rewards "
        "where validator_key = %s",
        VALIDATORS[name],
    )
    assert {account: figures for account, *figures in rows} == {
        account.address: [
            account.stake, account.stake * 93 // 100_000, account.stake * 7 // 100_000, basis
        ]
        for account in ALL
        if account.validator == name and account.window in COUNTED
    }  # fmt: skip
    assert stakes_by_partner(pipeline, name) == {
        partner: counted(name, partner) for partner in (*PARTNERS, None)
    }


def expected_lines(*names: str) -> dict[tuple[str, str], int]:
    """Half of the commission on the partner's own stake."""
    return {
        (partner, VALIDATORS[name]): counted(name, partner) * 7 // 200_000
        for partner in PARTNERS
        for name in names
    }


def test_with_our_own_snapshot_exactly_what_counted_is_booked(
    pipeline: Pipeline, server: SandboxServer
) -> None:
    """Asked while the next epoch runs; Jito's list of stakers is joined with it where there is one."""
    early = work_through(pipeline, EPOCH)
    assert "mev" in early
    assert all("not final" in reason for reason in early.values()), early
    advance(server)
    result = pipeline.backfill(EPOCH, EPOCH)
    assert result.succeeded, result.failures
    for name in NAMES:
        check_stake_and_rewards(pipeline, name, "SNAPSHOT")
    assert paid_lines(pipeline) == expected_lines("jito", "plain")
    assert "STAKERS_UNKNOWN" not in {code for code, _ in pipeline.findings(EPOCH)}
    assert statements(pipeline) == {
        partner: (sum(counted(name, partner) * 7 // 200_000 for name in NAMES), True) for partner in PARTNERS
    }


def test_too_late_for_a_snapshot_jito_s_stakers_count_and_the_other_gap_is_named(
    pipeline: Pipeline, server: SandboxServer
) -> None:
    """Where nobody knows who staked, nothing is paid by stake, and nothing can be released."""
    advance(server)
    assert work_through(pipeline, EPOCH) == {}
    run_commissions(pipeline)
    check_stake_and_rewards(pipeline, "jito", "REWARD_SHARE")
    assert stakes_by_partner(pipeline, "plain") == {}
    (gap,) = pipeline.query(
        "select validator_key, message from canonical.findings where code = 'STAKERS_UNKNOWN'"
    )
    assert gap[0] == VALIDATORS["plain"]
    assert "who staked with it is not known" in gap[1]
    assert paid_lines(pipeline) == expected_lines("jito")
    assert statements(pipeline) == {
        partner: (counted("jito", partner) * 7 // 200_000, False) for partner in PARTNERS
    }
    blocking = pipeline.query(
        "select finding.code, validator_key, partners.code from computation.findings as finding "
        "join computation.generations using (generation_id) "
        "join registry.partners as partners using (partner_id) where is_current and blocks_release"
    )
    assert sorted(blocking) == sorted(("STAKE_UNKNOWN", VALIDATORS["plain"], partner) for partner in PARTNERS)


def statements(pipeline: Pipeline) -> dict[str, tuple[int, bool]]:
    rows = pipeline.query(
        "select code, total, releasable from computation.commission_statements_current "
        "join registry.partners using (partner_id)"
    )
    return {code: (total, releasable) for code, total, releasable in rows}


def run_commissions(pipeline: Pipeline) -> None:
    settings = load_config(pipeline.folder).chain(CHAIN)
    book_commissions(ChainRun(settings, chain_source(settings), pipeline.warehouse, run_id="test"), EPOCH)
