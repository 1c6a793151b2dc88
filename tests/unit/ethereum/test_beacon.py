"""Beacon nodes: what is asked, and which answers are no answers."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from aurora_resources.errors import HistoryUnavailable, NotYetAvailable, ProviderError, TransientProviderError
from aurora_resources.providers.ethereum import beacon
from aurora_resources.providers.ethereum.beacon import MAX_IDS, Beacon, classify_beacon
from aurora_resources.providers.ethereum.periods import spec
from aurora_resources.records import ProviderRequest, ProviderResponse
from tests.unit.ethereum.nodes import NOW

BEACON = Beacon("beacon")
REWARDS = BEACON.attestation_rewards(335_909, [1])[0]


def classify(question: ProviderRequest, status: int, said: object) -> ProviderError | None:
    return classify_beacon(question, status, httpx.Headers(), json.dumps(said).encode())


def payload(question: ProviderRequest, said: object) -> ProviderResponse:
    return ProviderResponse(question, 200, json.dumps(said).encode(), NOW)


def test_no_ids_would_mean_all_validators_and_is_refused() -> None:
    for ask in (BEACON.validators, BEACON.attestation_rewards, BEACON.sync_rewards):
        with pytest.raises(ValueError, match="means all of them"):
            ask(5, [])


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])]
)
def test_many_validators_are_asked_for_in_chunks(count: int, sizes: list[int]) -> None:
    ids = list(range(count))
    asked = BEACON.attestation_rewards(9, ids)
    assert [len(question.body) for question in asked if isinstance(question.body, list)] == sizes
    assert [index for question in asked for index in question.body or ()] == [str(index) for index in ids]  # type: ignore[union-attr]
    assert max(sizes) <= MAX_IDS


def test_history_is_immutable_and_the_present_is_not() -> None:
    assert BEACON.validators(320, [1])[0].immutable
    assert not BEACON.validators("head", [1])[0].immutable
    assert not BEACON.header("head").immutable
    assert not BEACON.finality().immutable
    assert BEACON.header(320).immutable


def test_recorded_refusals(recorded: Callable[[str], Any]) -> None:
    """404s of a real node: no block at a slot, or a state it does not keep. Other statuses are HTTP's."""
    said = recorded("beacon_errors")
    no_block = classify(BEACON.header(5), 404, said["block_404"]["body"])
    assert type(no_block) is NotYetAvailable
    assert no_block.status == 404
    for name in (
        "state_404",
        "rewards_attestations_404_spec",
        "rewards_attestations_404_lighthouse_pruned",
        "rewards_blocks_404_lighthouse_pruned",
    ):
        for question in (REWARDS, BEACON.block_rewards("0x01"), BEACON.validators(5, [1])[0]):
            error = classify(question, 404, said[name]["body"])
            assert type(error) is HistoryUnavailable
            assert said[name]["body"]["message"] in str(error)


def test_a_page_that_is_not_json_is_a_404_all_the_same() -> None:
    error = classify_beacon(REWARDS, 404, httpx.Headers(), b"<html>not found</html>")
    assert type(error) is HistoryUnavailable
    assert classify_beacon(BEACON.genesis(), 404, httpx.Headers(), b"") is None


def test_only_verified_and_final_history_is_kept() -> None:
    optimistic = {"execution_optimistic": True, "finalized": True, "data": []}
    assert type(classify(REWARDS, 200, optimistic)) is TransientProviderError
    early = {"execution_optimistic": False, "finalized": False, "data": []}
    assert type(classify(REWARDS, 200, early)) is NotYetAvailable
    assert classify(BEACON.validators("head", [1])[0], 200, early) is None
    assert classify(REWARDS, 200, {"data": []}) is None  # old nodes leave the flags out
    assert classify_beacon(REWARDS, 200, httpx.Headers(), b"oops") is None


def test_the_end_of_a_slot_in_milliseconds_or_seconds() -> None:
    for said in ({"SLOT_DURATION_MS": "12000"}, {"SECONDS_PER_SLOT": "12"}):
        found = spec(
            payload(BEACON.spec(), {"data": {"SLOTS_PER_EPOCH": "32", **said, "BLOB_SCHEDULE": [{}]}})
        )
        assert found.seconds_per_slot == 12
    for wrong in ({}, {"SLOT_DURATION_MS": "12001"}, {"SECONDS_PER_SLOT": "0"}):
        with pytest.raises(ProviderError):
            spec(payload(BEACON.spec(), {"data": {"SLOTS_PER_EPOCH": "32", **wrong}}))


def test_rewards_that_contradict_themselves_are_refused() -> None:
    parts = {"attestations": "1", "sync_aggregate": "2", "proposer_slashings": "0", "attester_slashings": "0"}
    body = {"data": {"proposer_index": "1", "total": "4", **parts}}
    with pytest.raises(ProviderError, match="sum to 3 gwei, the total says 4"):
        beacon.block_rewards(payload(BEACON.block_rewards("0x01"), body))
    row = {"validator_index": "1", "head": "1", "target": "1", "source": "1", "inactivity": "0"}
    with pytest.raises(ProviderError, match="twice"):
        beacon.attestation_rewards(payload(REWARDS, {"data": {"total_rewards": [row, row]}}))


@pytest.mark.parametrize("delay", ["", None])
def test_an_empty_inclusion_delay_is_none(delay: str | None) -> None:
    """Prysm writes an empty text where Altair left nothing to write."""
    row = {
        "validator_index": "1",
        "head": "1",
        "target": "-2",
        "source": "3",
        "inactivity": "0",
        "inclusion_delay": delay,
    }
    found = beacon.attestation_rewards(payload(REWARDS, {"data": {"total_rewards": [row]}}))
    assert found == {1: 2}


@pytest.mark.parametrize(
    "wrong", ["", "1.0", "1e3", "0x1", " 1", "--1", "1 1", "١", 1.0, None, True, "9" * 21]
)
def test_a_reward_that_is_no_whole_number_is_refused(wrong: object) -> None:
    row = {"validator_index": "1", "head": wrong, "target": "-2", "source": "3", "inactivity": "0"}
    with pytest.raises(ProviderError):
        beacon.attestation_rewards(payload(REWARDS, {"data": {"total_rewards": [row]}}))


def test_a_member_sitting_twice_is_summed() -> None:
    rows = [{"validator_index": "5", "reward": "-7"}, {"validator_index": "5", "reward": "-7"}]
    assert beacon.sync_rewards(payload(BEACON.sync_rewards(1, [5])[0], {"data": rows})) == {5: -14}


def test_an_electra_block_tells_its_payload_and_whom_it_slashes() -> None:
    vote = {"attesting_indices": ["3", "5", "9"]}
    other = {"attesting_indices": ["5", "7", "9"]}
    inside = {
        "fee_recipient": "0x95222290DD7278Aa3Ddd389Cc1E1d165CC4BAfe5",
        "block_number": "21847848",
        "block_hash": "0x9F" + "0a" * 31,
        "base_fee_per_gas": "781647380",
        "gas_used": "13862127",
        "timestamp": "1739574323",
        "withdrawals": [{"index": "1", "validator_index": "2", "address": "0x0A", "amount": "64747116"}],
        "transactions": ["0x02"],
    }
    body = {
        "execution_payload": inside,
        "attester_slashings": [{"attestation_1": vote, "attestation_2": other}],
        "proposer_slashings": [],
    }
    message = {"slot": "11062525", "proposer_index": "397160", "body": body}
    said = {"version": "electra", "data": {"message": message, "signature": "0x"}}
    found = beacon.block(payload(BEACON.block("0x01"), said))
    assert found.slashed == {5, 9}
    assert found.payload is not None
    assert found.payload.fee_recipient == "0x95222290dd7278aa3ddd389cc1e1d165cc4bafe5"
    assert found.payload.withdrawals[0].amount_gwei == 64_747_116

    inside.update(block_number="0", block_hash="0x" + "00" * 32)
    assert beacon.block(payload(BEACON.block("0x01"), said)).payload is None


@pytest.mark.parametrize(
    ("credentials", "address"),
    [
        ("0x00" + "ab" * 31, None),
        ("0x01" + "00" * 11 + "AB" * 20, "0x" + "ab" * 20),
        ("0x02" + "00" * 11 + "cd" * 20, "0x" + "cd" * 20),
    ],
)
def test_the_owner_is_the_address_in_the_credentials(credentials: str, address: str | None) -> None:
    (found,) = beacon.validators(payload(BEACON.validators(5, [1])[0], {"data": [validator(credentials)]}))
    assert found.withdrawal_address == address


def test_answers_that_name_something_twice_are_refused() -> None:
    row = validator("0x00" + "ab" * 31)
    with pytest.raises(ProviderError, match="twice"):
        beacon.validators(payload(BEACON.validators(5, [1])[0], {"data": [row, row]}))
    duty = {"slot": "800", "validator_index": "1", "pubkey": "0xaa"}
    with pytest.raises(ProviderError, match="two proposers"):
        beacon.duties(payload(BEACON.proposer_duties(25), {"data": [duty, duty]}))


def validator(credentials: str) -> dict[str, object]:
    return {
        "index": "1",
        "balance": "32000000000",
        "status": "active_ongoing",
        "validator": {
            "pubkey": "0xAA",
            "withdrawal_credentials": credentials,
            "effective_balance": "32000000000",
            "slashed": False,
            "activation_epoch": "5",
            "exit_epoch": "18446744073709551615",
            "withdrawable_epoch": "18446744073709551615",
        },
    }
