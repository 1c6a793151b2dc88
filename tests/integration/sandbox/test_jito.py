"""Jito's API with its documented traps, and tips that add up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from aurora_sandbox.solana.chain import Settings
from aurora_sandbox.solana.generate import demo_world
from aurora_sandbox.solana.pubkeys import SYSTEM_PROGRAM
from aurora_sandbox.solana.world import parse_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.sandbox.conftest import Json, SandboxClient, Start


class Tipped(NamedTuple):
    vote_account: str
    tips: int
    mev_commission_bps: int


def with_tips(number: int) -> list[Tipped]:
    return [
        Tipped(v.vote_account, v.tips, v.mev_commission_bps)
        for v in demo_world().epochs[number - 800].validators
        if v.tips is not None and v.mev_commission_bps is not None
    ]


def test_validators_by_body_only(demo: SandboxClient) -> None:
    rows = demo.post("jito", "/validators", {"epoch": 805}).json()["validators"]
    assert {r["vote_account"]: r["mev_rewards"] for r in rows if r["mev_rewards"]} == {
        v.vote_account: v.tips for v in with_tips(805)
    }
    by_query = demo.get("jito", "/validators", epoch=805).json()["validators"]
    assert {row["mev_rewards"] for row in by_query} == {0}, "a GET is about the latest epoch"
    assert demo.post("jito", "/validators", {"epoch": 700}).json() == {"validators": []}
    assert demo.post("jito", "/validators", {"epoch": "805"}).status_code == 400


def test_validator_rewards_by_query_even_on_post(demo: SandboxClient) -> None:
    expected = sorted(((v.tips, v.vote_account) for v in with_tips(805)), reverse=True)
    for answer in (
        demo.get("jito", "/validator_rewards", epoch=805),
        demo.post("jito", "/validator_rewards", {"epoch": 801}, epoch=805),
    ):
        body = answer.json()
        assert body["total_count"] == len(expected)
        assert [(r["mev_revenue"], r["vote_account"]) for r in body["rewards"]] == expected
    vote = expected[0][1]
    rows = demo.get("jito", "/validator_rewards", vote_account=vote, sort_order="asc").json()["rewards"]
    assert [row["epoch"] for row in rows] == list(range(800, 808))
    active = demo.facts(800).active(vote)
    assert rows[0]["num_stakers"] == len(active) + 2


def test_claims_add_up_to_the_tips(demo: SandboxClient) -> None:
    for validator in with_tips(805):
        answer = demo.get(
            "jito", "/staker_rewards", validator_vote_account=validator.vote_account, epoch=805, limit=10_000
        ).json()
        assert answer["total_count"] == 0, "only counted with all three filters"
        rows = [row for row in answer["rewards"] if row["stake_authority"] != SYSTEM_PROGRAM]
        own = [row for row in answer["rewards"] if row["claimant"] == validator.vote_account]
        protocol = validator.tips * 300 // 10_000
        share = min(validator.tips * validator.mev_commission_bps // 10_000, validator.tips - protocol)
        assert [row["amount"] for row in own] == [share]
        assert own[0]["withdraw_authority"] == SYSTEM_PROGRAM
        active = demo.facts(805).active(validator.vote_account)
        assert {row["claimant"] for row in rows} == {account.stake_account for account in active}
        left = validator.tips - protocol - share - sum(row["amount"] for row in rows)
        assert 0 <= left < len(rows)


def test_the_protocol_claims_once_an_epoch(demo: SandboxClient) -> None:
    rows = demo.get("jito", "/staker_rewards", epoch=805, limit=10_000).json()["rewards"]
    odd = [
        row
        for row in rows
        if row["stake_authority"] == SYSTEM_PROGRAM and row["claimant"] != row["validator_vote_account"]
    ]
    assert len(odd) == 1
    tips = {v.vote_account: v.tips for v in with_tips(805)}
    assert odd[0]["amount"] == tips[odd[0]["validator_vote_account"]] * 300 // 10_000


def test_pages_end_with_a_short_one(demo: SandboxClient) -> None:
    whole = demo.get("jito", "/staker_rewards", epoch=805, limit=10_000).json()["rewards"]
    assert len(demo.get("jito", "/staker_rewards", epoch=805).json()["rewards"]) == 100
    collected: list[Any] = []
    page = 1
    while True:
        rows = demo.get("jito", "/staker_rewards", epoch=805, limit=150, page=page).json()["rewards"]
        collected += rows
        if len(rows) < 150:
            break
        page += 1
    assert collected == whole
    one = next(row for row in whole if row["stake_authority"] != SYSTEM_PROGRAM)
    counted = demo.get(
        "jito",
        "/staker_rewards",
        epoch=805,
        validator_vote_account=one["validator_vote_account"],
        stake_authority=one["stake_authority"],
    ).json()
    assert counted["total_count"] == len(counted["rewards"]) > 0


def test_refusals(demo: SandboxClient) -> None:
    over = demo.get("jito", "/validator_rewards", limit=10_001)
    assert (over.status_code, over.json()) == (400, {"error": "Limit exceeds maximum allowed value of 10000"})
    wrong = demo.get("jito", "/validator_rewards", epoch="x")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, 400)
    empty = {"rewards": [], "total_count": 0}
    for query in ({"vote_account": "nonsense"}, {"page": 0}):
        failed = demo.get("jito", "/validator_rewards", **query)
        assert (failed.status_code, failed.json()) == (500, empty)
    unknown = demo.get("jito", "/validator_rewards", vote_account=SYSTEM_PROGRAM)
    assert (unknown.status_code, unknown.json()) == (200, empty)
    assert demo.get("jito", "/validators/nonsense").status_code == 500
    assert demo.get("jito", "/nothing").status_code == 404


def test_history_of_a_validator_newest_first(demo: SandboxClient) -> None:
    validator = with_tips(805)[0]
    rows = demo.get("jito", f"/validators/{validator.vote_account}").json()
    assert [row["epoch"] for row in rows] == list(range(807, 799, -1))
    assert rows[2]["mev_rewards"] == validator.tips
    assert demo.get("jito", f"/validators/{SYSTEM_PROGRAM}").json() == []


def test_network_totals(demo: SandboxClient) -> None:
    body = demo.post("jito", "/mev_rewards", {"epoch": 805}).json()
    assert body["total_network_mev_lamports"] == sum(v.tips for v in with_tips(805))
    assert demo.post("jito", "/mev_rewards").json()["epoch"] == 807
    early = demo.post("jito", "/mev_rewards", {"epoch": 900})
    assert (early.status_code, early.json()["epoch"]) == (500, 0)


def test_an_epoch_is_published_after_its_end(start: Start) -> None:
    sandbox = start(
        demo_world().model_copy(update={"current_epoch": 806}), settings=Settings(jito_lag_epochs=2)
    )
    assert sandbox.get("jito", "/validator_rewards", epoch=805).json() == {"rewards": [], "total_count": 0}
    assert sandbox.get("jito", "/validator_rewards", epoch=804).json()["total_count"] > 0
    sandbox.control("POST", "advance", {"epochs": 1})
    assert sandbox.get("jito", "/validator_rewards", epoch=805).json()["total_count"] > 0


def test_before_the_protocol_fee(start: Start) -> None:
    world = {
        "format": "aurora-world/1",
        "epochs": [
            {
                "epoch": 678,
                "capitalization": 10**18,
                "validator_rate": 0.045,
                "epoch_duration_in_years": 0.0055,
                "validators": [
                    {
                        "vote_account": "CvSb7wdQAFpHuSpTYTJnX5SYH4hCfQ9VuGnqrKaKwycB",
                        "stake": 10**15,
                        "credits": 413_692,
                        "commission": 5,
                        "mev_commission_bps": 2_500,
                        "tips": 922_545_272_656,
                    }
                ],
            }
        ],
    }
    sandbox = start(parse_world(json.dumps(world)))
    rows = sandbox.get("jito", "/staker_rewards", epoch=678).json()["rewards"]
    assert sorted(row["amount"] for row in rows) == [230_636_318_164, 691_908_954_492]


@pytest.mark.parametrize(
    ("name", "path", "query", "rows"),
    [
        ("jito_validator_rewards_epoch678.json", "/validator_rewards", {"epoch": 805}, "rewards"),
        ("jito_staker_rewards_epoch824.json", "/staker_rewards", {"epoch": 805}, "rewards"),
        ("jito_validator_by_vote_account.json", "/validators/{vote}", {}, None),
    ],
)
def test_rows_have_the_recorded_keys(
    demo: SandboxClient, shared_solana: Path, name: str, path: str, query: Json, rows: str | None
) -> None:
    recorded = json.loads((shared_solana / name).read_text())
    served = demo.get("jito", path.format(vote=with_tips(805)[0].vote_account), **query).json()
    if rows:
        assert set(served) == set(recorded)
        served, recorded = served[rows], recorded[rows]
    assert set(served[0]) == set(recorded[0])
