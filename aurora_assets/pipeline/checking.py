"""Checks of a period's rows: each is a statement in `sql/checks/` that selects offending rows; none: passed.

Which table each check is about, what it looks for and whether it blocks what is downstream is declared here;
`aurora_assets.graph.checks` makes Dagster's asset checks of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `statement` selects its offending rows, `looks_for` says in words what those are.

    A check that is not `blocking` only warns.
    """

    statement: str
    schema: str
    table: str
    looks_for: str
    blocking: bool = True

    @property
    def name(self) -> str:
        """The check's name, such as `fees_parts_sum`."""
        return self.statement.removeprefix("checks/")


CHECKS: Final = (
    Check(
        "checks/fees_parts_sum",
        "canonical",
        "validator_fees",
        "fees whose parts do not sum to the gross.",
    ),
    Check(
        "checks/mev_parts_sum",
        "canonical",
        "validator_mev",
        "MEV whose parts do not sum to the gross, or a cut larger than the commission allows.",
    ),
    Check(
        "checks/stakers_sum_to_validator",
        "canonical",
        "stake_rewards",
        "validators whose stakers' rewards or commissions do not sum to the validator's own.",
    ),
    Check(
        "checks/stake_account_once",
        "canonical",
        "stake_rewards",
        "stake accounts that count for more than one validator in the same period.",
    ),
    Check(
        "checks/pnl_equals_facts",
        "computation",
        "validator_pnl",
        "P&L whose components are not those of the canonical facts, or whose total is not their sum.",
    ),
    # Only a warning: an incomplete P&L is shown as such, and the engine pays nothing on what is missing.
    Check(
        "checks/pnl_complete",
        "computation",
        "validator_pnl",
        "validators whose P&L is not complete, with what is missing or provisional.",
        blocking=False,
    ),
    Check(
        "checks/lines_within_revenue",
        "computation",
        "commission_lines",
        "revenues of which partners' lines together claim more than there is; guarantees stand apart.",
    ),
    Check(
        "checks/partner_stake_sums",
        "computation",
        "commission_lines",
        "validators whose stake by partner does not sum to the stake of their accounts.",
    ),
    Check(
        "checks/statements_sum_lines",
        "computation",
        "commission_statements",
        "statements whose total or line count is not that of their lines.",
    ),
)
"""Every check, in the order in which the rows it is about are made."""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What a check found in one period; `sample` are the first offending rows, in words."""

    check: Check
    offending_rows: int
    sample: tuple[str, ...]


def run_checks(
    connection: DbConnection, chain_id: str, period_id: int, sample: int
) -> Iterator[CheckOutcome]:
    """Every check on the rows of one period, in the order in which the rows are made."""
    for check in CHECKS:
        rows = offending_rows(connection, check, chain_id, period_id)
        yield CheckOutcome(check, len(rows), tuple(map(words, rows[:sample])))


def offending_rows(
    connection: DbConnection, check: Check, chain_id: str, period_id: int
) -> list[tuple[Any, ...]]:
    """The rows that one check selects."""
    named = {"chain_id": chain_id, "period_id": period_id}
    return connection.execute(read_query(check.statement), named).fetchall()


def words(row: Sequence[Any]) -> str:
    """An offending row as text."""
    return ", ".join("unknown" if value is None else str(value) for value in row)
