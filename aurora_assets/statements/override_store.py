"""Overrides in the warehouse: appended, never edited; their result is decided in `commission/overrides.py`.

A line of a released statement can be overridden, too: the statement stays as it is, and the difference
becomes a correction in the next one. Everything runs in the caller's transaction (READ COMMITTED), which
holds the lock of statements.
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
from aurora_assets.statements.correction_store import lock_statements
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.warehouse.queries import read_query


class LineNotFoundError(OverrideError):
    """No line ever had that id."""


@dataclass(frozen=True, slots=True)
class Overridden:
    """The result: the decision that counts now, and the line's computed amount in native units.

    `released_in` is the month of the released statement that has the line; a correction follows then.
    """

    decision: Decision
    computed: int | None
    released_in: str | None


@dataclass(frozen=True, slots=True)
class LineKey:
    """Where a line is, and its amount in force, native units; None for a line that is no longer computed."""

    partner_id: int
    chain_id: str
    period_id: int
    amount: int | None


@dataclass(frozen=True, slots=True)
class OverriddenLine:
    """A line with its overrides, oldest first, and the decision that follows from them."""

    line_id: UUID
    key: LineKey
    actions: Sequence[OverrideAction]

    @property
    def decision(self) -> Decision:
        """What counts now."""
        return decide(self.actions, self.key.amount)


def override_line(
    connection: psycopg.Connection[Any],
    chains: Sequence[ChainSettings],
    line_id: UUID,
    amount: int,
    *,
    reason: str,
    by: str,
) -> Overridden:
    """Set what the line is owed, native units. Above the chain's size it waits for another person.

    Raises OverrideError: no such line in force, no reason, a negative amount, or a statement under way.
    """
    if amount < 0:
        raise OverrideError(f"line {line_id}: {amount} is negative; a line pays 0 or more")
    lock_statements(connection)
    line = read_overrides(connection, line_id)
    _append(connection, chains, line, amount, reason, by)
    return _result(connection, line_id)


def withdraw_override(
    connection: psycopg.Connection[Any], line_id: UUID, *, reason: str, by: str
) -> Overridden:
    """Let the computed amount count again. Raises OverrideError when nothing is overridden, or as above."""
    lock_statements(connection)
    line = read_overrides(connection, line_id)
    if line.decision.state is OverrideState.NONE:
        raise OverrideError(f"line {line_id} has no override to withdraw")
    _append(connection, (), line, None, reason, by)
    return _result(connection, line_id)


def confirm_override(
    connection: psycopg.Connection[Any],
    chains: Sequence[ChainSettings],
    line_id: UUID,
    *,
    reason: str,
    by: str,
) -> Overridden:
    """Confirm what another person set; or set a stale amount again, on the line as it is computed now.

    Raises OverrideError when there is nothing to confirm, or the same person tries to.
    """
    lock_statements(connection)
    line = read_overrides(connection, line_id)
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
    _append(connection, chains, line, newest.amount, reason, by, confirms)
    return _result(connection, line_id)


def _append(
    connection: psycopg.Connection[Any],
    chains: Sequence[ChainSettings],
    line: OverriddenLine,
    amount: int | None,
    reason: str,
    by: str,
    confirms: int | None = None,
) -> None:
    key = line.key
    if not reason.strip():
        raise OverrideError(f"line {line.line_id}: an override needs a reason; say why")
    if amount is not None and key.amount is None:
        raise OverrideError(f"line {line.line_id} is not computed any more; its override can be withdrawn")
    status, where = _statement_of(connection, key)
    if status is not None and status not in {StatementStatus.DRAFT, *RELEASED_STATES}:
        raise OverrideError(
            f"line {line.line_id} is in the {where}, which is {status}; reopen it before you override"
        )
    second = False
    if confirms is None and amount is not None and key.amount is not None:
        second = needs_second_person(amount, key.amount, _second_person_above(chains, key.chain_id))
    connection.execute(
        read_query("computation/corrections.add_override"),
        {
            "line_id": line.line_id,
            "partner_id": key.partner_id,
            "chain_id": key.chain_id,
            "period_id": key.period_id,
            "amount": amount,
            "computed_amount": key.amount,
            "reason": reason.strip(),
            "made_by": person(by),
            "needs_second_person": second,
            "confirms": confirms,
        },
    )


def _second_person_above(chains: Sequence[ChainSettings], chain_id: str) -> int | None:
    """The chain's size, native units. Raises ConfigurationError for a chain that is not configured."""
    for chain in chains:
        if chain.chain_id == chain_id:
            return chain.override_second_person_above
    raise ConfigurationError(
        f'"{chain_id}" is not in chains.yaml, which says above what size a second person confirms an override'
    )


def read_overrides(connection: psycopg.Connection[Any], line_id: UUID) -> OverriddenLine:
    """The line with everything people set on it. Raises OverrideError when there never was such a line."""
    parameters = {"line_id": line_id}
    with connection.cursor(row_factory=class_row(LineKey)) as cursor:
        key = cursor.execute(read_query("computation/commission_lines.current_amount"), parameters).fetchone()
    if key is None:
        raise LineNotFoundError(
            f"there is no line {line_id}; a month's lines are in its statement (`aurora statement show`)"
        )
    with connection.cursor(row_factory=class_row(OverrideAction)) as cursor:
        actions = cursor.execute(
            read_query("computation/corrections.override_actions_of_line"), parameters
        ).fetchall()
    return OverriddenLine(line_id, key, actions)


def _result(connection: psycopg.Connection[Any], line_id: UUID) -> Overridden:
    line = read_overrides(connection, line_id)
    status, where = _statement_of(connection, line.key)
    return Overridden(line.decision, line.key.amount, where if status in RELEASED_STATES else None)


def _statement_of(
    connection: psycopg.Connection[Any], key: LineKey
) -> tuple[StatementStatus | None, str | None]:
    """Status and name of the statement of the month in which the line's period ended, if there is one."""
    parameters = {"partner_id": key.partner_id, "chain_id": key.chain_id, "period_id": key.period_id}
    row = connection.execute(read_query("computation/statements.statement_of_period"), parameters).fetchone()
    if row is None:
        return None, None
    return StatementStatus(row[2]), f"statement of {row[0]} for {row[1]:%Y-%m}"
