"""Booked periods: their facts, their lines, and the engine run over them again in a read-only session.

All periods of a plan or a simulation are read in one snapshot of the warehouse. `plan.py` and
`simulation.py` compare the results; `pipeline/commissions.py` books.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from aurora_assets.commission.agreement import AgreementVersion, RuleKey, WalletClaim
from aurora_assets.commission.engine import Computation, compute
from aurora_assets.commission.facts import PeriodFacts
from aurora_assets.commission.guard import GuardPolicy
from aurora_assets.commission.history import RuleState
from aurora_assets.pipeline import commissions, pnl
from aurora_assets.pipeline.generations import (
    GenerationKey,
    current_generation,
)
from aurora_resources.errors import PeriodError
from aurora_resources.warehouse.connection import DbConnection, Warehouse
from aurora_resources.warehouse.digest import content_digest
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.tables import use_ledger_tables


@dataclass(frozen=True, slots=True)
class BookedLine:
    """A commission line in force; `amount` in native units, `partner_id` is the partner's code."""

    line_id: UUID
    partner_id: str
    agreement_id: str
    version: int
    rule_id: str
    validator_key: str | None
    component: str
    amount: int


@contextmanager
def snapshot(warehouse: Warehouse) -> Iterator[DbConnection]:
    """A read-only session in which every statement sees the warehouse at the same moment."""
    with warehouse.connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


def period_range(chain_id: str, first: int, last: int) -> Sequence[int]:
    """The periods from `first` to `last`, ascending. Raises PeriodError when there is none."""
    if last < first:
        raise PeriodError(f"{chain_id}: --from {first} is after --to {last}; give the older period first")
    return range(first, last + 1)


def read_facts_in_force(connection: DbConnection, chain_id: str, period_id: int) -> PeriodFacts:
    """The facts that the booked lines of a period are computed from. Raises PeriodError if it has no P&L."""
    use_ledger_tables(connection)
    _require_period(connection, chain_id, period_id)
    if current_generation(connection, GenerationKey(pnl.DATASET, chain_id, period_id)) is None:
        raise PeriodError(f"{chain_id}: period {period_id} has no P&L; `aurora backfill` it first")
    return commissions.read_facts(connection, _lines_key(chain_id, period_id))


def read_facts_to_book(connection: DbConnection, chain_id: str, period_id: int) -> tuple[PeriodFacts, bool]:
    """The facts as booking would read them, with the P&L computed again, and whether that P&L differs.

    Raises PeriodError when the period has no canonical facts.
    """
    use_ledger_tables(connection)
    _require_period(connection, chain_id, period_id)
    key = GenerationKey(pnl.DATASET, chain_id, period_id)
    rows = pnl.pnl_rows(connection, key)
    if not rows:
        raise PeriodError(f"{chain_id}: period {period_id} has no facts; `aurora backfill` it first")
    booked = current_generation(connection, key)
    facts = commissions.read_facts(connection, _lines_key(chain_id, period_id), pnl.COMPUTE_PNL)
    return facts, booked is None or booked[1] != content_digest({pnl.DATASET: rows})


def read_booked_lines(connection: DbConnection, chain_id: str, period_id: int) -> tuple[BookedLine, ...]:
    """The lines in force of a period, in a fixed order; none if it is not booked."""
    with connection.cursor(row_factory=class_row(BookedLine)) as cursor:
        cursor.execute(
            read_query("computation/commission_lines.booked_lines"),
            {"chain_id": chain_id, "period_id": period_id},
        )
        return tuple(cursor)


def compute_in_order(
    periods: Iterable[PeriodFacts],
    agreements: Sequence[AgreementVersion],
    claims: Sequence[WalletClaim],
    history: Mapping[RuleKey, RuleState],
    guard: GuardPolicy,
) -> Iterator[tuple[PeriodFacts, Computation]]:
    """Each period's facts and result, in order: a period is computed with the history of the one before.

    Claims above a validator's revenue are findings of the result, not errors.
    """
    for facts in periods:
        result = compute(facts, agreements, claims, history=history, guard=guard)
        yield facts, result
        history = result.history


def would_write(connection: DbConnection, facts: PeriodFacts, result: Computation) -> bool:
    """Whether booking `result` would change a row: its content is not that of the generation in force."""
    key = _lines_key(facts.chain_id, facts.period_id)
    booked = current_generation(connection, key)
    tables = commissions.rows_by_table(connection, key, facts, result)
    return booked is None or booked[1] != content_digest(tables)


def read_released_partners(connection: DbConnection, chain_id: str, period_id: int) -> frozenset[str]:
    """Partners (codes) to whom the period is released: their lines are corrected, never changed."""
    named = {"chain_id": chain_id, "period_id": period_id}
    rows = connection.execute(
        read_query("computation/statements.partners_released_in_period"), named
    ).fetchall()
    return frozenset(code for (code,) in rows)


def _lines_key(chain_id: str, period_id: int) -> GenerationKey:
    return GenerationKey(commissions.DATASET, chain_id, period_id)


def _require_period(connection: DbConnection, chain_id: str, period_id: int) -> None:
    named = {"chain_id": chain_id, "period_id": period_id}
    if connection.execute(read_query("computation/inputs.period"), named).fetchone() is None:
        raise PeriodError(f"{chain_id}: period {period_id} is not known; `aurora backfill` it first")
