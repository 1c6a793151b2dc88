"""Overrides: amounts that people set in place of the engine's. The newest decision on a line counts.

Decisions are only ever appended. One counts while the line is still computed as it was then, and, above a
size, once another person has confirmed it. Keeping them is done elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from aurora_resources.errors import AuroraError


class OverrideError(AuroraError):
    """An override cannot be made as asked for."""


class OverrideState(StrEnum):
    """The state that follows from a line's overrides.

    NONE: never made, or withdrawn. IN_FORCE: its amount counts. UNCONFIRMED: it waits for another person.
    STALE: the line is computed differently now, so it must be decided again.
    """

    NONE = "NONE"
    IN_FORCE = "IN_FORCE"
    UNCONFIRMED = "UNCONFIRMED"
    STALE = "STALE"


UNDECIDED = frozenset({OverrideState.UNCONFIRMED, OverrideState.STALE})


@dataclass(frozen=True, slots=True)
class OverrideAction:
    """One appended row; `override_id` orders them. Amounts in native units.

    `amount` is None when it withdraws; `computed_amount` what the line said then, None when there was
    none. `confirms` is the action that another person confirmed with this one.
    """

    override_id: int
    line_id: UUID
    period_id: int
    amount: int | None
    computed_amount: int | None
    reason: str
    made_by: str
    made_at: datetime
    needs_second_person: bool
    confirms: int | None


class InForce(NamedTuple):
    """The amount that counts instead of the computed one, native units, and why."""

    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What counts for a line now, and the newest action that decided something, if any."""

    state: OverrideState
    action: OverrideAction | None = None

    @property
    def in_force(self) -> InForce | None:
        """What replaces the computed amount; None when nothing does."""
        action = self.action
        if self.state is not OverrideState.IN_FORCE or action is None or action.amount is None:
            return None
        return InForce(action.amount, action.reason)


def decide(actions: Iterable[OverrideAction], computed: int | None) -> Decision:
    """The decision after the actions on one line; `computed` is its amount in force, None without a line."""
    ordered = sorted(actions, key=lambda action: action.override_id)
    decisions = [action for action in ordered if action.confirms is None]
    if not decisions or decisions[-1].amount is None:
        return Decision(OverrideState.NONE, decisions[-1] if decisions else None)
    newest = decisions[-1]
    if newest.computed_amount != computed:
        return Decision(OverrideState.STALE, newest)
    confirmed = any(action.confirms == newest.override_id for action in ordered)
    if newest.needs_second_person and not confirmed:
        return Decision(OverrideState.UNCONFIRMED, newest)
    return Decision(OverrideState.IN_FORCE, newest)


def needs_second_person(amount: int, computed: int, above: int | None) -> bool:
    """Whether it moves the line by more than `above` native units; None is no limit."""
    return above is not None and abs(amount - computed) > above


def undecided_message(decision: Decision, computed: int | None) -> str:
    """What a person must do about an undecided override."""
    action = decision.action
    assert action is not None  # noqa: S101 - only an action can be undecided
    what = f"line {action.line_id} of period {action.period_id}: the override to {action.amount}"
    if decision.state is OverrideState.UNCONFIRMED:
        return f"{what} by {action.made_by} waits for another person: confirm or withdraw it"
    now = "is not there any more" if computed is None else f"is now computed as {computed}"
    return f"{what} was made when it was computed as {action.computed_amount}, but it {now}: " + (
        "withdraw it" if computed is None else "confirm or withdraw it"
    )
