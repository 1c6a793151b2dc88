"""Solana Beach by identity, Stakewiz by vote account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aurora_sandbox.solana.chain import Settings
from aurora_sandbox.solana.generate import demo_world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.sandbox.conftest import SandboxClient, Start


def test_fees_by_identity_newest_first_in_pages(demo: SandboxClient) -> None:
    validator = demo_world().epochs[-1].validators[0]
    path = f"/validator/{validator.identity}/block-rewards-history"
    body = demo.get("solanabeach", path, offset=0, limit=3).json()
    assert body["pagination"] == {"total": 8, "offset": 0, "limit": 3}
    assert [row["epoch"] for row in body["history"]] == [807, 806, 805]
    assert body["history"][0] == {
        "epoch": 807,
        "blocks": validator.blocks_produced,
        "fees": validator.block_fees,
    }
    assert len(demo.get("solanabeach", path, limit=1000, offset=6).json()["history"]) == 2
    assert demo.get("solanabeach", path, limit=1001).status_code == 400
    rates = demo.get("solanabeach", f"/validator/{validator.identity}/success-rate-history").json()
    assert (rates["history"][0]["slots"], rates["history"][0]["blocks"]) == (
        validator.leader_slots,
        validator.blocks_produced,
    )


def test_the_vote_account_is_not_the_key_of_fees(demo: SandboxClient) -> None:
    vote = demo_world().epochs[-1].validators[0].vote_account
    answer = demo.get("solanabeach", f"/validator/{vote}/block-rewards-history")
    assert (answer.status_code, answer.json()) == (404, {"err": "Validator not found"})


def test_the_epoch_under_way_is_partial(start: Start) -> None:
    sandbox = start(demo_world().model_copy(update={"current_epoch": 805}))
    validator = demo_world().epochs[5].validators[0]
    body = sandbox.get("solanabeach", f"/validator/{validator.identity}/block-rewards-history").json()
    newest, before = body["history"][:2]
    assert (newest["epoch"], before["epoch"]) == (805, 804)
    assert 0 < newest["fees"] < validator.block_fees


def test_a_key_is_asked_for_if_there_is_one(start: Start) -> None:
    sandbox = start(settings=Settings(solanabeach_key="s3cret"))
    url = sandbox.server.provider_urls["solanabeach"] + "/epoch-info"
    assert sandbox.client.get(url).status_code == 401
    assert "err" in sandbox.client.get(url, headers={"Authorization": "Bearer other"}).json()
    right = sandbox.client.get(url, headers={"Authorization": "Bearer s3cret"})
    assert (right.status_code, right.json()["epoch"]) == (200, 810)
    assert "s3cret" not in json.dumps(sandbox.control("GET", "requests").json())


def test_validator_and_epoch_info(demo: SandboxClient) -> None:
    validator = demo_world().epochs[-1].validators[0]
    body = demo.get("solanabeach", f"/validator/{validator.vote_account}").json()
    assert (body["nodePubkey"], body["name"], body["delinquent"]) == (
        validator.identity,
        validator.name,
        False,
    )
    assert demo.get("solanabeach", "/nothing").status_code == 404


def test_stakewiz_names_validators(demo: SandboxClient, shared_solana: Path) -> None:
    recorded = json.loads((shared_solana / "stakewiz_validator_RECORDED_epoch574.json").read_text())
    rows = demo.get("stakewiz", "/validators").json()
    assert len(rows) == 24
    assert [row["rank"] for row in rows] == list(range(1, 25))
    assert set(rows[0]) == set(recorded)
    validator = demo_world().epochs[-1].by_vote[rows[0]["vote_identity"]]
    assert (rows[0]["identity"], rows[0]["name"]) == (validator.identity, validator.name)
    assert isinstance(rows[0]["activated_stake"], float)
    assert demo.get("stakewiz", f"/validator/{validator.vote_account}").json() == rows[0]
    assert demo.get("stakewiz", "/validator/nobody").status_code == 404
    assert demo.get("stakewiz", "/epoch_info").json()["epoch"] == 810
