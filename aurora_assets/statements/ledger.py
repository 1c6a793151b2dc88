"""The source of a statement, read from the ledger in force: periods, lines, overrides, blocking findings.

Only reading; building a statement and moving it along is in `statements/store.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from aurora_assets.commission.corrections import OwedLine
from aurora_assets.commission.overrides import UNDECIDED, OverrideAction, decide, undecided_message
from aurora_assets.commission.statement import (
    StatementError,
    StatementLine,
    StatementPeriod,
)
from aurora_resources.warehouse.queries import read_query


class PartiesNotFoundError(StatementError):
    """The ledger has no such partner or chain."""


@dataclass(frozen=True, slots=True)
class Parties:
    """A partner and a chain, and the chain's unit and decimals."""

    partner_id: int
    partner: str
    partner_name: str
    chain_id: str
    native_unit: str
    native_decimals: int
    display_unit: str

    @property
    def parameters(self) -> dict[str, object]:
        """As parameters of an SQL statement."""
        return {"partner_id": self.partner_id, "chain_id": self.chain_id}


@dataclass(frozen=True, slots=True)
class Ledger:
    """A partner's ledger in force for some months.

    `booked` says of every known period whether it has commission lines. `blocking` are messages by period,
    of findings that stop a release; `undecided` messages by line, of overrides that wait for a person. An
    undecided line has its computed amount.
    """

    periods: tuple[StatementPeriod, ...]
    booked: Mapping[int, bool]
    lines: tuple[StatementLine, ...]
    blocking: tuple[tuple[int, str], ...]
    undecided: Mapping[UUID, str]

    @property
    def uncertain_periods(self) -> frozenset[int]:
        """Periods whose lines are not all known."""
        unbooked = {period_id for period_id, booked in self.booked.items() if not booked}
        return frozenset(unbooked | {period_id for period_id, _ in self.blocking})

    def owed(self, parties: Parties) -> dict[UUID, OwedLine]:
        """The lines as corrections compare them."""
        return {line.line_id: line.owed(parties.partner, parties.chain_id) for line in self.lines}


def read_parties(connection: psycopg.Connection[Any], partner: str, chain_id: str) -> Parties:
    """The partner and the chain. Raises PartiesNotFoundError when one is unknown."""
    values = {"partner": partner, "chain_id": chain_id}
    row = connection.execute(read_query("registry/partners.partner_and_chain"), values).fetchone()
    if row is None:
        raise PartiesNotFoundError(
            f'there is no partner "{partner}" or no chain "{chain_id}" in the ledger; '
            "`aurora statement list` shows both"
        )
    return Parties(*row)


def month_of(moment: datetime) -> date:
    """The billing month of a period that ends at `moment`, by its first day, UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


def read_ledger(connection: psycopg.Connection[Any], parties: Parties, months: Sequence[date]) -> Ledger:
    """The partner's ledger for `months`, each the first of a month."""
    values = {**parties.parameters, "months": list(months)}
    with connection.cursor(row_factory=dict_row) as cursor:
        lines = cursor.execute(read_query("computation/commission_lines.lines_of_months"), values).fetchall()
        periods = cursor.execute(read_query("registry/periods.periods_of_months"), values).fetchall()
        findings = cursor.execute(read_query("computation/findings.blocking_findings"), values).fetchall()
        actions = cursor.execute(read_query("computation/corrections.override_actions"), values).fetchall()
    by_line: dict[UUID, list[OverrideAction]] = {}
    for action in actions:
        by_line.setdefault(action["line_id"], []).append(OverrideAction(**action))
    computed: dict[UUID, int] = {row["line_id"]: row["computed"] for row in lines}
    return Ledger(
        periods=tuple(
            StatementPeriod(row["period_id"], row["label"], row["starts_at"], row["ends_at"])
            for row in periods
        ),
        booked={row["period_id"]: row["booked"] for row in periods},
        lines=tuple(_line(row, by_line.get(row["line_id"], [])) for row in lines),
        blocking=tuple(
            (row["period_id"], f"period {row['period_id']}: {row['code']}: {row['message']}")
            for row in findings
        ),
        undecided={
            line_id: undecided_message(decision, computed.get(line_id))
            for line_id, made in by_line.items()
            if (decision := decide(made, computed.get(line_id))).state in UNDECIDED
        },
    )


def _line(row: Mapping[str, Any], actions: Sequence[OverrideAction]) -> StatementLine:
    """The line of a row, whose columns are its computed fields, with the amount that is owed."""
    override = decide(actions, row["computed"]).in_force
    return StatementLine(
        **row,
        amount=row["computed"] if override is None else override.amount,
        override_reason=None if override is None else override.reason,
    )
