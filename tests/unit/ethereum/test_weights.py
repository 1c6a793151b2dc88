"""Stake by effective balance and epochs: exact however often it changes, found from few states."""

from collections.abc import Mapping
from datetime import UTC, datetime

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_resources.providers.ethereum.beacon import Beacon, ValidatorState, validators_by_key
from aurora_resources.providers.ethereum.periods import Spec, Window
from aurora_resources.providers.ethereum.weights import active_stake, fetch_states
from aurora_resources.records import ProviderRequest, ProviderResponse

KEY = "0x" + "ab" * 48
ETH = 10**9
ASKED_AT = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, EPOCHS = 1_000, 64
WINDOW = Window(7, FIRST, FIRST + EPOCHS - 1, FIRST * 32, (FIRST + EPOCHS) * 32 - 1)


def spec() -> Spec:
    return Spec(
        slots_per_epoch=32,
        seconds_per_slot=12,
        epochs_per_sync_committee_period=256,
        epochs_per_slashings_vector=8192,
        withdrawability_delay_epochs=256,
        altair_epoch=0,
        bellatrix_epoch=0,
        electra_epoch=0,
        gloas_epoch=None,
        slashing_quotients=(128, 64, 32, 4096),
    )


class Node:
    """Answers the states of one validator, whose effective balance is as `balances` (gwei, by epoch) say."""

    def __init__(self, balances: Mapping[int, int]) -> None:
        self.balances = balances
        self.answered: dict[int, dict[str, ValidatorState]] = {}

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        epoch = int(question.path.split("/")[5]) // 32
        row = {
            "index": "5",
            "balance": str(self.balances[epoch]),
            "status": "active_ongoing",
            "validator": {
                "pubkey": KEY,
                "withdrawal_credentials": "0x02" + "00" * 31,
                "effective_balance": str(self.balances[epoch]),
                "slashed": False,
                "activation_epoch": "0",
                "exit_epoch": str(2**64 - 1),
                "withdrawable_epoch": str(2**64 - 1),
            },
        }
        payload = ProviderResponse(question, 200, msgspec.json.encode({"data": [row]}), ASKED_AT)
        self.answered.setdefault(epoch, {}).update(validators_by_key([payload]))
        return payload


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, EPOCHS - 1), max_size=5, unique=True), st.integers(32, 2000))
def test_a_growing_balance_is_found_exactly(steps: list[int], start: int) -> None:
    balances = {
        FIRST + epoch: (start + sum(step <= epoch for step in steps)) * ETH for epoch in range(EPOCHS)
    }
    node = Node(balances)
    anyio.run(fetch_states, node, Beacon("beacon"), spec(), WINDOW, [KEY])
    assert active_stake(node.answered, KEY, WINDOW) == sum(balances.values()) * 10**9 // EPOCHS
    assert len(node.answered) <= 2 + 6 * len(steps)


@pytest.mark.parametrize("known", [{}, {FIRST: 32, FIRST + EPOCHS - 1: 33}])
def test_an_unknown_change_gives_no_stake(known: dict[int, int]) -> None:
    states = {
        epoch: {
            KEY: ValidatorState(
                5, KEY, "active_ongoing", 0, eth * ETH, slashed=False, activation_epoch=0, exit_epoch=None,
                withdrawable_epoch=None, credentials="0x00",
            )
        }
        for epoch, eth in known.items()
    }  # fmt: skip
    assert active_stake(states, KEY, WINDOW) is None


def test_epochs_without_duty_count_with_nothing() -> None:
    half = FIRST + EPOCHS // 2
    state = ValidatorState(
        5, KEY, "active_exiting", 0, 32 * ETH, slashed=False, activation_epoch=half, exit_epoch=None,
        withdrawable_epoch=None, credentials="0x00",
    )  # fmt: skip
    assert active_stake({FIRST: {KEY: state}}, KEY, WINDOW) == 16 * 10**18
