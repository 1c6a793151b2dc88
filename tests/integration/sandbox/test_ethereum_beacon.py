"""The Beacon API of the sandbox: ids, envelopes, 404s that mean different things, rewards that add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aurora_sandbox.ethereum.truth import block_truths, window_truth
from aurora_sandbox.ethereum.world import demo_ethereum

if TYPE_CHECKING:
    from tests.integration.sandbox.conftest import Json, SandboxClient, Start

BEACON = "/eth/v1/beacon"
WORLD = demo_ethereum()
FIRST = WORLD.first_window
WINDOWS = range(WORLD.first_window, WORLD.last_window + 1)
INDICES = [str(m.index) for m in WORLD.members]


def get(sandbox: SandboxClient, path: str, status: int = 200, **query: Json) -> Json:
    answer = sandbox.get("beacon", path, **query)
    assert answer.status_code == status, answer.text
    return answer.json()


def post(sandbox: SandboxClient, path: str, body: Json, status: int = 200) -> Json:
    answer = sandbox.post("beacon", path, body)
    assert answer.status_code == status, answer.text
    return answer.json()


def only(kind: str) -> Json:
    return next(b for window in WINDOWS for b in block_truths(WORLD, window) if b.kind == kind)


def test_the_network_and_where_it_stands(demo: SandboxClient) -> None:
    genesis = get(demo, f"{BEACON}/genesis")["data"]
    assert genesis["genesis_time"] == "1606824023"
    spec = get(demo, "/eth/v1/config/spec")["data"]
    assert (spec["SLOT_DURATION_MS"], spec["SLOTS_PER_EPOCH"]) == ("12000", "32")
    assert isinstance(spec["BLOB_SCHEDULE"], list)
    final = get(demo, f"{BEACON}/states/head/finality_checkpoints")["data"]
    assert int(final["finalized"]["epoch"]) == WORLD.head_epoch - 2
    assert int(final["finalized"]["epoch"]) > WORLD.spec.end_epoch
    head = get(demo, f"{BEACON}/headers/head")
    assert head["finalized"] is False
    assert int(head["data"]["header"]["message"]["slot"]) <= WORLD.head_epoch * 32 + 20


def test_every_duty_has_a_block_or_a_neighbour_that_links_over_the_empty_slot(demo: SandboxClient) -> None:
    missed = set()
    for epoch in range(WORLD.spec.first_epoch, WORLD.spec.first_epoch + 6):
        duties = get(demo, f"/eth/v2/validator/duties/proposer/{epoch}")
        assert [int(row["slot"]) for row in duties["data"]] == list(range(32 * epoch, 32 * epoch + 32))
        assert get(demo, f"/eth/v1/validator/duties/proposer/{epoch}")["data"] == duties["data"]
        for row in duties["data"]:
            answer = demo.get("beacon", f"{BEACON}/headers/{row['slot']}")
            if answer.status_code == 200:
                message = answer.json()["data"]["header"]["message"]
                assert message["proposer_index"] == row["validator_index"]
                continue
            assert answer.json() == {"code": 404, "message": "Block not found"}
            missed.add(int(row["slot"]))
    assert only("missed").slot in missed
    for slot in missed:
        before = get(demo, f"{BEACON}/headers/{slot - 1}")["data"]
        after = get(demo, f"{BEACON}/headers/{slot + 1}")["data"]
        assert after["header"]["message"]["parent_root"] == before["root"]


def test_an_orphan_is_known_by_its_root_and_not_canonical(demo: SandboxClient) -> None:
    orphan = WORLD.slots[only("orphaned").slot]
    assert get(demo, f"{BEACON}/headers/{orphan.slot}", 404)["code"] == 404
    by_root = get(demo, f"{BEACON}/headers/{orphan.root}")
    assert (by_root["finalized"], by_root["data"]["canonical"]) == (False, False)
    assert [row["canonical"] for row in get(demo, f"{BEACON}/headers", slot=orphan.slot)["data"]] == [False]
    assert get(demo, f"{BEACON}/rewards/blocks/{orphan.root}", 404)["message"] == "Block not found"


def test_ids_that_are_none(demo: SandboxClient) -> None:
    assert get(demo, f"{BEACON}/headers/current", 400)["message"] == "Invalid block ID: current"
    assert get(demo, f"{BEACON}/states/current/finality_checkpoints", 400)["code"] == 400
    assert get(demo, f"{BEACON}/states/99999999/finality_checkpoints", 404)["message"] == "State not found"
    assert get(demo, "/eth/v1/validator/duties/proposer/x", 400)["code"] == 400
    assert get(demo, "/eth/v1/nonsense", 404)["code"] == 404
    slot = WORLD.spec.slots(FIRST).start
    path = f"{BEACON}/states/{slot}/validators"
    assert post(demo, path, {"ids": [INDICES[0], "junk"]}, 400)["code"] == 400
    assert post(demo, path, {"ids": [WORLD.members[0].index]}, 400)["code"] == 400
    assert demo.get("beacon", path, id=",".join(["1"] * 65)).status_code == 414
    assert post(demo, f"{BEACON}/rewards/attestations/{WORLD.spec.first_epoch}", {"ids": []}, 400)


def test_unknown_validators_are_left_out_silently(demo: SandboxClient) -> None:
    slot = WORLD.spec.slots(FIRST).stop - 1
    asked = [WORLD.members[3].pubkey, INDICES[0], "77", "0x" + "ab" * 48]
    rows = post(demo, f"{BEACON}/states/{slot}/validators", {"ids": asked})["data"]
    assert {row["index"] for row in rows} == {INDICES[0], INDICES[3]}
    everyone = post(demo, f"{BEACON}/states/{slot}/validators", {"ids": []})["data"]
    assert len(everyone) == 2_000 + len(INDICES)


def test_what_becomes_of_slashed_and_compounding_validators(demo: SandboxClient) -> None:
    slashing = only("slashing").slot
    after = (WORLD.spec.last + 1) * WORLD.spec.window_slots

    def rows(slot: int) -> list[Json]:
        found = post(demo, f"{BEACON}/states/{slot}/validators", {"ids": INDICES})["data"]
        by_index = {row["index"]: row for row in found}
        return [by_index[index] for index in INDICES]

    assert [rows(at)[6]["status"] for at in (slashing - 1, slashing, after)] == [
        "active_ongoing",
        "active_slashed",
        "exited_slashed",
    ]
    assert int(rows(slashing - 1)[6]["balance"]) - int(rows(slashing)[6]["balance"]) == 32 * 10**9 // 4096
    first = rows(WORLD.spec.slots(FIRST).start)
    assert first[1]["validator"]["withdrawal_credentials"].startswith("0x02")
    assert first[1]["validator"]["effective_balance"] == "100000000000"
    assert rows(after)[1]["validator"]["effective_balance"] == "105000000000"
    assert first[0]["validator"]["exit_epoch"] == "18446744073709551615"
    root = WORLD.slots[slashing].root
    body = get(demo, f"/eth/v2/beacon/blocks/{root}")["data"]["message"]["body"]
    assert body["attester_slashings"][0]["attestation_2"]["attesting_indices"] == [INDICES[6]]
    assert get(demo, f"{BEACON}/rewards/blocks/{root}")["data"]["attester_slashings"] == "7812500"


@pytest.mark.parametrize("window", WINDOWS)
def test_the_served_rewards_reconcile_with_the_served_balances(demo: SandboxClient, window: int) -> None:
    """Check 1 of a careful operator, from answers alone but for the moves that are not income."""
    slots, epochs = WORLD.spec.slots(window), WORLD.spec.epochs(window)
    balances = [
        {
            row["index"]: int(row["balance"])
            for row in post(demo, f"{BEACON}/states/{at}/validator_balances", INDICES)["data"]
        }
        for at in (slots.start - 1, slots.stop - 1)
    ]
    credited = dict.fromkeys(INDICES, 0)
    duty = dict.fromkeys(INDICES, 0)
    for epoch in range(epochs.start - 2, epochs.stop):
        answer = post(demo, f"{BEACON}/rewards/attestations/{epoch}", INDICES)
        assert (answer["execution_optimistic"], answer["finalized"]) == (False, True)
        for row in answer["data"]["total_rewards"]:
            total = sum(int(row[flag]) for flag in ("head", "target", "source", "inactivity"))
            credited[row["validator_index"]] += total if epoch < epochs.stop - 2 else 0
            duty[row["validator_index"]] += total if epoch in epochs else 0
    proposals = dict.fromkeys(INDICES, 0)
    for block in block_truths(WORLD, window):
        if block.canonical:
            reward = get(demo, f"{BEACON}/rewards/blocks/{block.slot}")["data"]
            parts = ("attestations", "sync_aggregate", "proposer_slashings", "attester_slashings")
            assert int(reward["total"]) == sum(int(reward[part]) for part in parts)
            proposals[reward["proposer_index"]] += int(reward["total"])
    sync = dict.fromkeys(INDICES, 0)
    members = {1, 3} if slots.start // 32 <= 401_919 else set()
    for slot in slots if members else ():
        if slot // 32 > 401_919:
            break
        answer = demo.post("beacon", f"{BEACON}/rewards/sync_committee/{slot}", INDICES)
        for row in answer.json()["data"] if answer.status_code == 200 else ():
            sync[row["validator_index"]] += int(row["reward"])
    for truth in window_truth(WORLD, window).values():
        index = str(truth.index)
        assert (duty[index], credited[index]) == (truth.attestations, truth.attestations_credited)
        assert (proposals[index], sync[index]) == (truth.proposals, truth.sync)
        moved = truth.slashing_credited + truth.deposits - truth.withdrawals
        assert balances[1][index] - balances[0][index] == (
            credited[index] + proposals[index] + sync[index] + moved
        )


def test_the_ground_truth_has_every_situation() -> None:
    found = [window_truth(WORLD, window) for window in WINDOWS]
    cases = {block.case for window in found for truth in window.values() for block in truth.blocks}
    assert cases == set("ABCDE")
    offline = WORLD.members[5].pubkey
    assert found[1][offline].consensus_wei < 0 < found[2][offline].consensus_wei
    assert found[4][WORLD.members[8].pubkey].slashing == -48_000_000
    assert only("rich").fees == WORLD.spec.rich_fees > 100 * 10**18
    assert sum(truth.withdrawals for window in found for truth in window.values()) > 0
    assert {truth.client for truth in found[0].values()} == {None, "Meridian", "Tidewater"}
    assert len({truth.withdrawal_address for truth in found[0].values()}) == 5


def test_attestations_stay_within_the_ideal_and_nobody_gets_zeros(demo: SandboxClient) -> None:
    answer = post(
        demo, f"{BEACON}/rewards/attestations/{WORLD.spec.first_epoch}", [INDICES[0], INDICES[7], "5"]
    )
    ideal = {row["effective_balance"]: row for row in answer["data"]["ideal_rewards"]}
    for row, effective in zip(answer["data"]["total_rewards"], ("32", "1024"), strict=False):
        best = ideal[effective + "000000000"]
        assert all(int(row[flag]) <= int(best[flag]) for flag in ("head", "target", "source"))
    nobody = answer["data"]["total_rewards"][2]
    assert {nobody[flag] for flag in ("head", "target", "source", "inactivity")} == {"0"}


def test_the_sync_committee_has_512_seats_and_one_of_ours_sits_twice(demo: SandboxClient) -> None:
    epoch = WORLD.spec.first_epoch
    seats = get(demo, f"{BEACON}/states/{32 * epoch}/sync_committees", epoch=epoch)["data"]
    assert len(seats["validators"]) == 512 == sum(map(len, seats["validator_aggregates"]))
    assert [seats["validators"].count(INDICES[ordinal]) for ordinal in (0, 1, 3)] == [0, 2, 1]
    later = get(demo, f"{BEACON}/states/{32 * (epoch + 6)}/sync_committees")["data"]["validators"]
    assert not set(INDICES) & set(later)
    assert get(demo, f"{BEACON}/states/{32 * epoch}/sync_committees", 400, epoch=epoch + 600)["code"] == 400
    slot = next(s for s, amount in WORLD.accounts[1].sync.items() if s >= 32 * epoch and amount > 0)
    rows = post(demo, f"{BEACON}/rewards/sync_committee/{slot}", INDICES)["data"]
    assert {row["validator_index"] for row in rows} == {INDICES[1], INDICES[3]}
    assert "44912" in {row["reward"] for row in rows}


def test_a_node_without_history_says_404_and_not_zero(start: Start) -> None:
    sandbox = start()
    epoch = WORLD.spec.first_epoch + 6
    sandbox.control("POST", "ethereum", {"states_from_epoch": epoch})
    missing = post(sandbox, f"{BEACON}/rewards/attestations/{epoch - 1}", INDICES, 404)
    assert missing["message"] == f"NOT_FOUND: missing state at slot {32 * (epoch - 1)}"
    slot = only("local").slot
    assert "MissingBeaconState" in get(sandbox, f"{BEACON}/rewards/blocks/{slot}", 404)["message"]
    assert get(sandbox, f"{BEACON}/headers/{slot}")["data"]["canonical"] is True
    assert post(sandbox, f"{BEACON}/states/{32 * epoch - 1}/validators", {"ids": INDICES}, 404)["code"] == 404
    assert post(sandbox, f"{BEACON}/rewards/attestations/{epoch}", INDICES)["finalized"] is True


def test_finality_stalls_and_comes_back(start: Start) -> None:
    sandbox = start()
    stalled = WORLD.spec.first_epoch + 3
    assert (
        sandbox.control("POST", "ethereum", {"finalized_epoch": stalled}).json()["finalized_epoch"] == stalled
    )
    final = get(sandbox, f"{BEACON}/states/head/finality_checkpoints")["data"]["finalized"]
    assert final["epoch"] == str(stalled)
    answer = post(sandbox, f"{BEACON}/rewards/attestations/{stalled}", INDICES)
    assert answer["finalized"] is False
    sandbox.control("POST", "ethereum", {"advance_epochs": 3})
    final = get(sandbox, f"{BEACON}/states/head/finality_checkpoints")["data"]["finalized"]
    assert final["epoch"] == str(stalled)
    sandbox.control("POST", "ethereum", {"finalized_epoch": None})
    assert post(sandbox, f"{BEACON}/rewards/attestations/{stalled}", INDICES)["finalized"] is True


def test_the_world_grows_and_its_past_stays(start: Start) -> None:
    sandbox = start()
    last = only("rich").slot
    before = get(sandbox, f"/eth/v2/beacon/blocks/{last}")
    moved = sandbox.control("POST", "ethereum", {"advance_epochs": 30}).json()
    assert moved["head_epoch"] == WORLD.head_epoch + 30
    assert moved["last_window"] > WORLD.last_window
    assert get(sandbox, f"/eth/v2/beacon/blocks/{last}") == before
    epoch = WORLD.head_epoch + 20
    assert post(sandbox, f"{BEACON}/rewards/attestations/{epoch}", INDICES)["finalized"] is True
    assert post(sandbox, f"{BEACON}/rewards/attestations/{epoch + 12}", INDICES, 404)["code"] == 404
    wrong: Json
    for wrong in ({"moon": 1}, {"head_epoch": "x"}, {"advance_epochs": 99_999}, []):
        assert sandbox.control("POST", "ethereum", wrong).status_code == 400
