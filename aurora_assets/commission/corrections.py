"""What a recompute changes on lines that are already released: differences only, nothing is rewritten.

A correction names the original line, what was stated for it, what it is now, and why. Booking corrections
into the next open statement is done elsewhere.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID, uuid5

from aurora_assets.commission.agreement import RuleKey
from aurora_assets.commission.lines import LINE_NAMESPACE


class Owed(Protocol):
    """What is compared of a line, as computed or as stated. `amount` in native units."""

    @property
    def line_id(self) -> UUID: ...  # noqa: D102

    @property
    def partner_id(self) -> str: ...  # noqa: D102

    @property
    def version(self) -> int: ...  # noqa: D102

    @property
    def amount(self) -> int: ...  # noqa: D102

    @property
    def rule_key(self) -> RuleKey: ...  # noqa: D102

    @property
    def sort_key(self) -> tuple[str, str, str, str]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class TrueUp:
    """What is owed on top of a released line (negative: was paid too much), native units."""

    line_id: UUID
    partner_id: str
    released: int
    recomputed: int

    @property
    def difference(self) -> int:
        """Recomputed less released."""
        return self.recomputed - self.released


def find_true_ups(
    released: Iterable[Owed], recomputed: Iterable[Owed], unresolved: Collection[RuleKey]
) -> tuple[TrueUp, ...]:
    """The differences between the released and the recomputed lines of one period, in the order of lines.

    A line that is no longer there is owed nothing, one that is new was paid nothing. Rules in `unresolved`
    are left alone: what cannot be computed again is unknown, not zero.
    """
    before = {line.line_id: line for line in released if line.rule_key not in unresolved}
    after = {line.line_id: line for line in recomputed}
    latest = sorted((before | after).values(), key=lambda line: (line.sort_key, line.version))
    found = (
        TrueUp(
            line.line_id,
            line.partner_id,
            before[line.line_id].amount if line.line_id in before else 0,
            after[line.line_id].amount if line.line_id in after else 0,
        )
        for line in latest
    )
    return tuple(true_up for true_up in found if true_up.difference != 0)


@dataclass(frozen=True, slots=True)
class OwedLine:
    """A line as stated or in force, with what explains its amount; native units.

    `base` is None for a line that a correction has taken away. `override_reason` is set where a person,
    not the engine, decided the amount.
    """

    line_id: UUID
    partner_id: str
    chain_id: str
    period_id: int
    agreement_id: str
    version: int
    rule_id: str
    validator_key: str | None
    component: str
    amount: int
    base: int | None
    override_reason: str | None = None

    @property
    def rule_key(self) -> RuleKey:
        """The rule and chain this line belongs to."""
        return RuleKey(self.agreement_id, self.rule_id, self.chain_id)

    @property
    def sort_key(self) -> tuple[str, str, str, str]:
        """Orders lines as the engine does."""
        return (self.partner_id, self.agreement_id, self.rule_id, self.validator_key or "")


@dataclass(frozen=True, slots=True)
class TrueUpItem:
    """One correction as stated: the `sequence`-th of its line, from 1. Amounts in native units.

    `line` is the line in force, or with no base and amount 0 the released one that is gone.
    """

    sequence: int
    line: OwedLine
    released: int
    cause: str

    @property
    def true_up_id(self) -> UUID:
        """UUIDv5 of the line and the sequence."""
        return uuid5(LINE_NAMESPACE, f"true-up/{self.line.line_id}/{self.sequence}")

    @property
    def recomputed(self) -> int:
        """What the line is now."""
        return self.line.amount

    @property
    def difference(self) -> int:
        """Recomputed less released; never zero."""
        return self.recomputed - self.released


def stated_so_far(released: Iterable[OwedLine], corrections: Iterable[TrueUpItem]) -> dict[UUID, OwedLine]:
    """What was stated for each line in all: as released, plus every correction of it since."""
    amounts: dict[UUID, int] = {}
    newest: dict[UUID, OwedLine] = {}
    for line in released:
        amounts[line.line_id] = amounts.get(line.line_id, 0) + line.amount
        newest[line.line_id] = line
    for item in sorted(corrections, key=lambda item: item.sequence):
        amounts[item.line.line_id] = amounts.get(item.line.line_id, 0) + item.difference
        newest[item.line.line_id] = item.line
    return {line_id: replace(line, amount=amounts[line_id]) for line_id, line in newest.items()}


def new_corrections(
    stated: Mapping[UUID, OwedLine],
    in_force: Mapping[UUID, OwedLine],
    undecided: Collection[UUID],
    sequences: Mapping[UUID, int],
) -> tuple[TrueUpItem, ...]:
    """The corrections that bring what was stated to what is in force: none where the two agree.

    Lines in `undecided` (an override waits for a person) are left alone. `sequences` has the newest
    correction of each line that has one. Periods are taken in order.
    """
    before = [line for line in stated.values() if line.line_id not in undecided]
    after = [line for line in in_force.values() if line.line_id not in undecided]
    periods = sorted({line.period_id for line in (*before, *after)})
    return tuple(
        _item(true_up, stated.get(true_up.line_id), in_force.get(true_up.line_id), sequences)
        for period_id in periods
        for true_up in find_true_ups(
            [line for line in before if line.period_id == period_id],
            [line for line in after if line.period_id == period_id],
            (),
        )
    )


def _item(
    true_up: TrueUp, before: OwedLine | None, after: OwedLine | None, sequences: Mapping[UUID, int]
) -> TrueUpItem:
    line = after
    if line is None:
        assert before is not None  # noqa: S101 - a difference is between two lines, or one and nothing
        line = replace(before, amount=0, base=None, override_reason=None)
    return TrueUpItem(
        sequence=sequences.get(true_up.line_id, 0) + 1,
        line=line,
        released=true_up.released,
        cause=cause_of(before, after),
    )


def cause_of(before: OwedLine | None, after: OwedLine | None) -> str:
    """Why a line is no longer what was stated, in words a partner can read."""
    if after is None:
        return "the line is no longer due"
    if after.override_reason is not None:
        return f"set by hand: {after.override_reason}"
    if before is None or before.base is None:
        return "the line was not due before"
    if before.base != after.base:
        return f"the base was restated from {before.base} to {after.base}"
    if before.override_reason is not None:
        return "an amount set by hand was withdrawn"
    return "computed anew on the same base"
