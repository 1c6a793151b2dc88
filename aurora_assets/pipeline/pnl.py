"""Book the P&L of one period: one set-based statement computes it, a generation stores it."""

from typing import Any, Final

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
from aurora_resources.warehouse.tables import VALIDATOR_PNL, use_ledger_tables

DATASET = "validator_pnl"

COMPUTE_PNL: Final = "computation/compute_validator_pnl"
"""The statement that computes the P&L from the facts."""


def book_pnl(run: ChainRun, period_id: int) -> Booked:
    """Compute and book the P&L of every tracked validator of the period; unchanged content is not written."""
    key = GenerationKey(DATASET, run.settings.chain_id, period_id)
    with run.warehouse.transaction(("computation", DATASET, key.chain_id, str(period_id))) as connection:
        use_ledger_tables(connection)
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


def pnl_rows(connection: DbConnection, key: GenerationKey) -> list[tuple[Any, ...]]:
    """The P&L's rows in the order of its columns, without the generation.

    Source: the canonical facts on the session's search path.
    """
    return connection.execute(
        read_query(COMPUTE_PNL), {"chain_id": key.chain_id, "period_id": key.period_id}
    ).fetchall()
