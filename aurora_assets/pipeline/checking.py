"""Checks of a period's rows: each is a file in `sql/checks/` that selects offending rows; none: passed.

Which table each is about, and whether it stops what is downstream, is here; Dagster's side in `checks.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query

CANONICAL_CHECKS: Final[Mapping[str, Sequence[str]]] = {
    "validator_fees": ("fees_parts_sum",),
    "validator_mev": ("mev_parts_sum",),
    "stake_rewards": ("stakers_sum_to_validator", "stake_account_once"),
}
COMPUTATION_CHECKS: Final[Mapping[str, Sequence[str]]] = {
    "validator_pnl": ("pnl_equals_facts", "pnl_complete"),
    "commission_lines": ("lines_within_revenue", "partner_stake_sums"),
    "commission_statements": ("statements_sum_lines",),
}
WARNINGS: Final = frozenset({"pnl_complete"})
"""These only warn: an incomplete P&L is shown as such, and the engine pays nothing on what is missing."""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What a check found in one period; `sample` are the first offending rows, in words."""

    name: str
    table: str
    looks_for: str
    blocking: bool
    offending_rows: int
    sample: tuple[str, ...]


def run_checks(
    connection: DbConnection, chain_id: str, period_id: int, sample: int
) -> Iterator[CheckOutcome]:
    """Every check on the rows of one period, in the order in which the rows are made."""
    for tables in (CANONICAL_CHECKS, COMPUTATION_CHECKS):
        for table, names in tables.items():
            for name in names:
                rows = offending_rows(connection, name, chain_id, period_id)
                yield CheckOutcome(
                    name,
                    table,
                    looks_for(name),
                    name not in WARNINGS,
                    len(rows),
                    tuple(map(words, rows[:sample])),
                )


def offending_rows(
    connection: DbConnection, name: str, chain_id: str, period_id: int
) -> list[tuple[Any, ...]]:
    """The rows that one check selects."""
    named = {"chain_id": chain_id, "period_id": period_id}
    return connection.execute(read_query(f"checks/{name}.sql"), named).fetchall()


def looks_for(name: str) -> str:
    """What a check's offending rows are, as its file says."""
    return (
        read_query(f"checks/{name}.sql").splitlines()[0].removeprefix("-- ").removeprefix("Offending rows: ")
    )


def words(row: Sequence[Any]) -> str:
    """An offending row as text."""
    return ", ".join("unknown" if value is None else str(value) for value in row)
