"""Corrections as values: what was stated in all, what is due now, and why."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from aurora_assets.commission.corrections import OwedLine, TrueUpItem, new_corrections, stated_so_far

A, B = UUID(int=1), UUID(int=2)


def owed(line_id: UUID = A, amount: int = 100, base: int | None = 1_000, **fields: Any) -> OwedLine:
    given: dict[str, Any] = {
        "partner_id": "north",
        "chain_id": "c",
        "period_id": 800,
        "agreement_id": "a",
        "version": 1,
        "rule_id": "r",
        "validator_key": "v1",
        "component": "COMMISSION",
    }
    return OwedLine(line_id=line_id, amount=amount, base=base, **(given | fields))


def due(
    stated: list[OwedLine], in_force: list[OwedLine], *kept: TrueUpItem, undecided: tuple[UUID, ...] = ()
) -> tuple[TrueUpItem, ...]:
    return new_corrections(
        stated_so_far(stated, kept),
        {line.line_id: line for line in in_force},
        undecided,
        {item.line.line_id: item.sequence for item in kept},
    )


def test_equal_amounts_need_no_correction() -> None:
    assert due([owed()], [owed(base=2_000)]) == ()


def test_gt13_the_restated_commission() -> None:
    (item,) = due(
        [owed(amount=1_628_826_315, base=3_257_652_630)], [owed(amount=1_603_793_826, base=3_207_587_652)]
    )
    assert item.difference == -25_032_489
    assert (item.released, item.recomputed, item.sequence) == (1_628_826_315, 1_603_793_826, 1)
    assert item.cause == "the base was restated from 3257652630 to 3207587652"
    assert due([owed(amount=1_628_826_315)], [owed(amount=1_603_793_826)], item) == ()


def test_a_further_change_is_a_further_difference() -> None:
    (first,) = due([owed()], [owed(amount=90, base=900)])
    (second,) = due([owed()], [owed(amount=70, base=700)], first)
    assert (second.released, second.difference, second.sequence) == (90, -20, 2)
    assert second.cause == "the base was restated from 900 to 700"
    assert second.true_up_id != first.true_up_id
    (back,) = due([owed()], [owed()], first, second)
    assert (back.difference, back.sequence) == (30, 3)


def test_lines_come_and_go() -> None:
    (gone,) = due([owed()], [])
    assert (gone.difference, gone.line.base, gone.cause) == (-100, None, "the line is no longer due")
    (again,) = due([owed()], [owed()], gone)
    assert (again.difference, again.cause) == (100, "the line was not due before")
    (new,) = due([], [owed(B)])
    assert (new.difference, new.cause) == (100, "the line was not due before")


def test_what_people_decided_is_told() -> None:
    (by_hand,) = due([owed()], [owed(amount=5, override_reason="gift")])
    assert by_hand.cause == "set by hand: gift"
    (withdrawn,) = due([owed(amount=5, override_reason="gift")], [owed()])
    assert withdrawn.cause == "an amount set by hand was withdrawn"


def test_another_rate_is_told_from_another_base() -> None:
    (item,) = due([owed()], [owed(amount=50)])
    assert item.cause == "computed anew on the same base"


def test_what_waits_for_a_person_is_left_alone_on_both_sides() -> None:
    assert due([owed()], [owed(amount=5), owed(B)], undecided=(A, B)) == ()


def test_a_line_stated_twice_counts_twice() -> None:
    """A period that moved into another month after its release is stated in both."""
    assert stated_so_far([owed(), owed()], ())[A].amount == 200


def test_periods_then_places_are_in_order() -> None:
    lines = [owed(UUID(int=n), period_id=800 + n % 2, validator_key=f"v{9 - n}") for n in range(1, 5)]
    found = due([], lines)
    assert [(item.line.period_id, item.line.validator_key) for item in found] == [
        (800, "v5"), (800, "v7"), (801, "v6"), (801, "v8"),
    ]  # fmt: skip
    assert replace(lines[0]).rule_key == ("a", "r", "c")
