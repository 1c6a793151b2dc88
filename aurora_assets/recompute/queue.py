"""The queue of recomputes that users order, and the status of each.

The queue is a table, so that an order needs no connection to Dagster: it is kept as soon as it is committed,
and starts when the recompute sensor of `graph/sensors.py` runs.
"""

from dataclasses import dataclass
from uuid import UUID, uuid4

from psycopg.rows import class_row

from aurora_resources.errors import PeriodError
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query

PERIODS_MAX = 500


@dataclass(frozen=True, slots=True)
class RecomputeOrder:
    """A gapless range of a chain's periods, both ends included, and who ordered it.

    `force` fetches from the providers again before it computes; without it, the canonical facts are used.
    """

    chain_id: str
    from_period: int
    to_period: int
    force: bool
    reason: str
    requested_by: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class UnfinishedRecompute:
    """A recompute that has not ended."""

    recompute_id: str
    from_period: int
    to_period: int
    force: bool
    status: str
    requested_by: str
    correlation_id: str
    dagster_run_id: str | None


def order_recompute(connection: DbConnection, order: RecomputeOrder) -> UUID:
    """Store the order in the caller's transaction; returns its id.

    Raises PeriodError for a range that is empty, too long, or has unknown periods.
    """
    count = order.to_period - order.from_period + 1
    asked = f"{order.chain_id}: {order.from_period} to {order.to_period}"
    if not 1 <= count <= PERIODS_MAX:
        raise PeriodError(f"{asked} is no range of 1 to {PERIODS_MAX} periods; give the older period first")
    named = {"chain_id": order.chain_id, "from_period": order.from_period, "to_period": order.to_period}
    row = connection.execute(read_query("registry/periods.count_periods"), named).fetchone()
    known = 0 if row is None else row[0]
    if known != count:
        raise PeriodError(f"{asked}: only {known} of {count} periods are known; backfill the others first")
    recompute_id = uuid4()
    connection.execute(
        read_query("computation/recomputes.add_recompute"),
        named
        | {
            "recompute_id": recompute_id,
            "force": order.force,
            "reason": order.reason,
            "requested_by": order.requested_by,
            "correlation_id": order.correlation_id,
        },
    )
    return recompute_id


def read_unfinished(connection: DbConnection, chain_id: str) -> list[UnfinishedRecompute]:
    """The chain's recomputes that have not ended, the oldest first."""
    with connection.cursor(row_factory=class_row(UnfinishedRecompute)) as cursor:
        return cursor.execute(
            read_query("computation/recomputes.unfinished_recomputes"), {"chain_id": chain_id}
        ).fetchall()


def note_status(
    connection: DbConnection, recompute_id: str, status: str, *, dagster_run_id: str, error: str | None
) -> None:
    """Store the status of the recompute's run in Dagster, and its error if it failed."""
    connection.execute(
        read_query("computation/recomputes.update_recompute"),
        {"recompute_id": recompute_id, "status": status, "dagster_run_id": dagster_run_id, "error": error},
    )
