"""What appended actions on a line come to."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from aurora_assets.commission.overrides import (
    OverrideAction,
    decide,
    needs_second_person,
    undecided_message,
)

LINE = UUID(int=1)


def action(number: int, amount: int | None, computed: int | None = 100, **fields: Any) -> OverrideAction:
    given: dict[str, Any] = {
        "reason": f"reason {number}",
        "made_by": "Ada",
        "made_at": datetime(2026, 1, 1, tzinfo=UTC),
        "needs_second_person": False,
        "confirms": None,
    }
    return OverrideAction(number, LINE, 800, amount, computed, **(given | fields))


def test_without_an_action_the_computed_amount_counts() -> None:
    decision = decide([], 100)
    assert (decision.state, decision.action, decision.in_force) == ("NONE", None, None)


def test_the_newest_decides_whatever_the_order_they_come_in() -> None:
    decision = decide([action(2, 7), action(1, 5)], 100)
    assert decision.state == "IN_FORCE"
    assert decision.in_force == (7, "reason 2")


def test_a_withdrawal_is_an_action_too() -> None:
    decision = decide([action(1, 5), action(2, None)], 100)
    assert (decision.state, decision.in_force) == ("NONE", None)


def test_zero_is_an_amount() -> None:
    assert decide([action(1, 0)], 100).in_force == (0, "reason 1")


@pytest.mark.parametrize("now", [101, None])
def test_it_is_stale_when_the_line_is_another_now(now: int | None) -> None:
    decision = decide([action(1, 5)], now)
    assert (decision.state, decision.in_force) == ("STALE", None)
    assert "computed as 100, but it" in undecided_message(decision, now)


def test_above_the_size_it_waits_until_its_own_confirmation() -> None:
    big = action(1, 5, needs_second_person=True)
    waiting = decide([big], 100)
    assert (waiting.state, waiting.in_force) == ("UNCONFIRMED", None)
    assert undecided_message(waiting, 100).endswith("by Ada waits for another person: confirm or withdraw it")
    confirmation = action(2, 5, made_by="Ben", confirms=1)
    assert decide([big, confirmation], 100).in_force == (5, "reason 1")
    assert decide([big, confirmation, action(3, 6, needs_second_person=True)], 100).state == "UNCONFIRMED"


@pytest.mark.parametrize(
    ("amount", "above", "needed"), [(150, 50, False), (151, 50, True), (49, 50, True), (10**30, None, False)]
)
def test_the_size_is_how_far_it_moves_the_line(amount: int, above: int | None, needed: bool) -> None:  # noqa: FBT001
    assert needs_second_person(amount, 100, above) is needed
