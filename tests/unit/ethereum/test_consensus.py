"""Sums of consensus rewards say what they lack; slashing penalties come from states and balances."""

from collections.abc import Callable

import msgspec
import pytest

from aurora_resources.providers.ethereum.beacon import Beacon, BlockRewards, ValidatorState
from aurora_resources.providers.ethereum.consensus import (
    ConsensusIncome,
    Summed,
    attestation_total,
    correlation_epoch,
    correlation_penalty_gwei,
    correlation_slots,
    initial_penalty_gwei,
    proposal_total,
    slashed_in_epoch,
    sync_total,
    unexplained_gwei,
)
from aurora_resources.providers.ethereum.periods import Spec, spec
from aurora_resources.providers.ethereum.quantities import DecimalUint
from aurora_resources.records import ProviderRequest, ProviderResponse

STATE = ValidatorState(
    index=63,
    pubkey="0xaa",
    status="active_ongoing",
    balance_gwei=32_000_000_000,
    effective_balance_gwei=32_000_000_000,
    slashed=False,
    activation_epoch=100,
    exit_epoch=None,
    withdrawable_epoch=None,
    credentials="0x01",
)


@pytest.fixture
def constants(replay: Callable[[str, ProviderRequest], ProviderResponse]) -> Spec:
    return spec(replay("beacon_config_spec_mainnet", Beacon("beacon").spec()))


GOOD, MISSED = 2417 + 4502 + 2423, -4511 - 2429


def test_a_day_offline_is_a_loss() -> None:
    """225 epochs of the penalties of epoch 335909."""
    found = attestation_total({epoch: {63: MISSED} for epoch in range(200, 425)}, STATE, range(200, 425))
    assert (found.gwei, found.is_whole) == (-1_561_500, True)


def test_an_epoch_without_an_answer_is_named_and_not_zero() -> None:
    by_epoch = {200: {63: GOOD}, 201: {5: GOOD}, 203: {63: GOOD}}
    found = attestation_total(by_epoch, STATE, range(200, 204))
    assert (found.gwei, found.missing, found.is_whole) == (2 * 9342, (201, 202), False)


def test_epochs_before_and_after_duty_need_no_answer() -> None:
    state = msgspec.structs.replace(STATE, activation_epoch=202, exit_epoch=204, withdrawable_epoch=460)
    found = attestation_total({202: {63: GOOD}, 203: {63: GOOD}}, state, range(200, 210))
    assert (found.gwei, found.is_whole) == (18_684, True)
    unborn = msgspec.structs.replace(STATE, activation_epoch=None)
    assert attestation_total({}, unborn, range(200, 210)) == Summed(0)


def test_a_slashed_validator_is_penalised_until_it_may_withdraw() -> None:
    state = msgspec.structs.replace(STATE, slashed=True, exit_epoch=205, withdrawable_epoch=209)
    by_epoch = {epoch: {63: MISSED} for epoch in range(200, 220)}
    assert attestation_total(by_epoch, state, range(200, 220)).gwei == 8 * -6940


def block_reward(total: int, proposer: int = 63) -> BlockRewards:
    zero = DecimalUint(0)
    return BlockRewards(DecimalUint(proposer), DecimalUint(total), DecimalUint(total), zero, zero, zero)


def test_proposals_of_another_are_not_ours() -> None:
    by_slot = {10: block_reward(42_294_581), 11: block_reward(5, proposer=7)}
    assert proposal_total(by_slot, 63, [10, 11, 12]) == Summed(42_294_581, (11, 12))


def test_empty_slots_pay_no_sync_reward_and_unknown_ones_are_missing() -> None:
    by_slot = {10: {63: 22_456}, 11: {63: -22_456}, 13: {5: 1}}
    found = sync_total(by_slot, 63, range(10, 15), lambda slot: slot == 12)
    assert (found.gwei, found.missing) == (0, (13, 14))


def test_a_window_may_be_a_loss_and_becomes_wei_once() -> None:
    income = ConsensusIncome(Summed(-1_561_500), Summed(42), Summed(0), Summed(-7_812_500))
    assert (income.wei, income.is_whole) == (-9_373_958 * 10**9, True)
    assert not ConsensusIncome(Summed(0), Summed(0, (5,)), Summed(0)).is_whole


def test_the_typical_week_of_the_facts() -> None:
    week = ConsensusIncome(Summed(1575 * GOOD), Summed(42_294_581), Summed(0))
    assert week.wei + 12_594_557_706_319_702 == 69_602_788_706_319_702


def test_a_balance_is_explained_to_the_last_gwei() -> None:
    assert unexplained_gwei(1000, 1300, credited=-200, moved_in=600, moved_out=100) == 0
    assert unexplained_gwei(1000, 1301, credited=-200, moved_in=600, moved_out=100) == 1


@pytest.mark.parametrize(
    ("epoch", "penalty"), [(0, 250_000_000), (80_000, 500_000_000), (150_000, 10**9), (364_032, 7_812_500)]
)
def test_the_initial_penalty_of_each_fork(constants: Spec, epoch: int, penalty: int) -> None:
    assert initial_penalty_gwei(32_000_000_000, epoch, constants) == penalty


def test_when_penalties_fall_due(constants: Spec) -> None:
    slashed = msgspec.structs.replace(STATE, slashed=True, exit_epoch=400_010, withdrawable_epoch=408_192)
    assert slashed_in_epoch(slashed, constants) == 400_000
    assert correlation_epoch(slashed, constants) == 404_096
    assert correlation_slots(404_096, constants) == (404_097 * 32 - 1, 404_097 * 32)
    # Held by the exit queue beyond the vector: the state does not tell when it was slashed.
    queued = msgspec.structs.replace(slashed, exit_epoch=410_000, withdrawable_epoch=410_256)
    assert slashed_in_epoch(queued, constants) is None
    assert slashed_in_epoch(STATE, constants) is correlation_epoch(STATE, constants) is None


def test_the_correlation_penalty_is_what_the_balance_lost_beyond_its_rewards() -> None:
    assert correlation_penalty_gwei(32_000, 30_000, credited=-40) == 1_960
    assert correlation_penalty_gwei(32_000, 31_960, credited=-40) == 0
    assert correlation_penalty_gwei(32_000, 33_000, credited=-40) is None
