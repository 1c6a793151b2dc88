"""Book the P&L of one period: one set-based statement computes it, a generation stores it."""

from collections.abc import Callable
from typing import Any

from aurora_assets.commission.lines import ENGINE_VERSION
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.generations import (
    Booked,
    GenerationKey,
    begin_generation,
    current_generation,
)
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.digest import content_digest
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.slices import add_rows
from aurora_resources.warehouse.tables import VALIDATOR_PNL

DATASET = "validator_pnl"


def book_pnl(run: ChainRun, period_id: int) -> Booked:
    """Compute and book the P&L of every tracked validator of the period; unchanged content is not written."""
    key = GenerationKey(DATASET, run.settings.chain_id, period_id)
    with run.warehouse.transaction(("computation", DATASET, key.chain_id, str(period_id))) as connection:
        rows = pnl_rows(connection, key)
        digest = content_digest({DATASET: rows})
        current = current_generation(connection, key)
        if current is not None and current[1] == digest:
            return Booked(current[0], len(rows), changed=False)
        generation_id = begin_generation(
            connection,
            key,
            digest=digest,
            row_count=len(rows),
            based_on=None,
            engine_version=ENGINE_VERSION,
            run_id=run.run_id,
        )
        add_rows(connection, VALIDATOR_PNL, [(generation_id, *row) for row in rows])
        return Booked(generation_id, len(rows), changed=True)


def pnl_rows(
    connection: DbConnection, key: GenerationKey, sql: Callable[[str], str] = read_query
) -> list[tuple[Any, ...]]:
    """The rows of the P&L without their generation; `sql` returns the statement of a name."""
    return connection.execute(
        sql("computation/compute_validator_pnl"), {"chain_id": key.chain_id, "period_id": key.period_id}
    ).fetchall()
