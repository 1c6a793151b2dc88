"""Overrides in the warehouse: appended, never edited; what they come to is decided in `overrides.py`.

A line of a released statement can be overridden, too: the statement stays as it is, and the difference
becomes a correction in the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from aurora_assets.commission.overrides import (
    Decision,
    OverrideAction,
    OverrideError,
    OverrideState,
    decide,
    needs_second_person,
)
from aurora_assets.commission.statement import RELEASED_STATES, StatementStatus, person, same_person
from aurora_assets.statements.corrections import STATEMENTS_LOCK
from aurora_resources.config import AuroraConfig
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.queries import read_query


@dataclass(frozen=True, slots=True)
class Overridden:
    """What was done: the decision that counts now, the line's computed amount, native units.

    `released_in` is the month of the released statement that has the line; a correction follows then.
    """

    decision: Decision
    computed: int | None
    released_in: str | None


@dataclass(frozen=True, slots=True)
class _LinePlace:
    partner_id: int
    chain_id: str
    period_id: int
    amount: int | None


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with its overrides, read in the transaction that appends to them."""

    line_id: UUID
    place: _LinePlace
    actions: Sequence[OverrideAction]

    @property
    def decision(self) -> Decision:
        return decide(self.actions, self.place.amount)


def override_line(
    warehouse: Warehouse, config: AuroraConfig, line_id: UUID, amount: int, *, reason: str, by: str
) -> Overridden:
    """Set what the line is owed, native units. Above the chain's size it waits for another person.

    Raises OverrideError: no such line in force, no reason, a negative amount, or a statement under way.
    """
    if amount < 0:
        raise OverrideError(f"line {line_id}: {amount} is negative; a line pays 0 or more")
    with warehouse.transaction(STATEMENTS_LOCK) as connection:
        line = _read(connection, line_id)
        _append(connection, config, line, amount, reason, by)
        return _told(connection, line_id)


def withdraw_override(warehouse: Warehouse, line_id: UUID, *, reason: str, by: str) -> Overridden:
    """Let the computed amount count again. Raises OverrideError when nothing is overridden, or as above."""
    with warehouse.transaction(STATEMENTS_LOCK) as connection:
        line = _read(connection, line_id)
        if line.decision.state is OverrideState.NONE:
            raise OverrideError(f"line {line_id} has no override to withdraw")
        _append(connection, None, line, None, reason, by)
        return _told(connection, line_id)


def confirm_override(
    warehouse: Warehouse, config: AuroraConfig, line_id: UUID, *, reason: str, by: str
) -> Overridden:
    """Confirm what another person set; or set a stale amount again, on the line as it is computed now.

    Raises OverrideError when there is nothing to confirm, or the same person tries to.
    """
    with warehouse.transaction(STATEMENTS_LOCK) as connection:
        line = _read(connection, line_id)
        newest = line.decision.action
        if newest is None or line.decision.state in {OverrideState.NONE, OverrideState.IN_FORCE}:
            raise OverrideError(f"line {line_id} has no override that waits to be confirmed")
        confirms = None
        if line.decision.state is OverrideState.UNCONFIRMED:
            if same_person(newest.made_by, by):
                raise OverrideError(
                    f"line {line_id}: {newest.made_by} made this override and cannot confirm it; "
                    "ask another person to"
                )
            confirms = newest.override_id
        _append(connection, config, line, newest.amount, reason, by, confirms)
        return _told(connection, line_id)


def _append(
    connection: psycopg.Connection[Any],
    config: AuroraConfig | None,
    line: _Line,
    amount: int | None,
    reason: str,
    by: str,
    confirms: int | None = None,
) -> None:
    place = line.place
    if not reason.strip():
        raise OverrideError(f"line {line.line_id}: an override needs a reason; say why with --reason")
    if amount is not None and place.amount is None:
        raise OverrideError(f"line {line.line_id} is not computed any more; its override can be withdrawn")
    status, where = _statement_of(connection, place)
    if status is not None and status not in {StatementStatus.DRAFT, *RELEASED_STATES}:
        raise OverrideError(
            f"line {line.line_id} is in the {where}, which is {status}; reopen it before you override"
        )
    second = False
    if config is not None and confirms is None and amount is not None and place.amount is not None:
        above = config.chain(place.chain_id).override_second_person_above
        second = needs_second_person(amount, place.amount, above)
    connection.execute(
        read_query("statements/add_override.sql"),
        {
            "line_id": line.line_id,
            "partner_id": place.partner_id,
            "chain_id": place.chain_id,
            "period_id": place.period_id,
            "amount": amount,
            "computed_amount": place.amount,
            "reason": reason.strip(),
            "made_by": person(by),
            "needs_second_person": second,
            "confirms": confirms,
        },
    )


def _read(connection: psycopg.Connection[Any], line_id: UUID) -> _Line:
    named = {"line_id": line_id}
    with connection.cursor(row_factory=class_row(_LinePlace)) as cursor:
        place = cursor.execute(read_query("statements/line_in_force.sql"), named).fetchone()
    if place is None:
        raise OverrideError(f"there is no line {line_id}; `aurora statement show` lists a month's lines")
    with connection.cursor(row_factory=class_row(OverrideAction)) as cursor:
        actions = cursor.execute(read_query("statements/override_actions_of_line.sql"), named).fetchall()
    return _Line(line_id, place, actions)


def _told(connection: psycopg.Connection[Any], line_id: UUID) -> Overridden:
    line = _read(connection, line_id)
    status, where = _statement_of(connection, line.place)
    return Overridden(line.decision, line.place.amount, where if status in RELEASED_STATES else None)


def _statement_of(
    connection: psycopg.Connection[Any], place: _LinePlace
) -> tuple[StatementStatus | None, str | None]:
    """Status and name of the statement of the month in which the line's period ended, if there is one."""
    named = {"partner_id": place.partner_id, "chain_id": place.chain_id, "period_id": place.period_id}
    row = connection.execute(read_query("statements/statement_of_period.sql"), named).fetchone()
    if row is None:
        return None, None
    return StatementStatus(row[2]), f"statement of {row[0]} for {row[1]:%Y-%m}"
