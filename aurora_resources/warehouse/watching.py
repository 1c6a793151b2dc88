"""What is written down about asking itself: where a chain was last seen, and attempts that failed.

Successes are the ingestions. What the two say together about how far behind a chain is, the API works out.
"""

import logging
from typing import Final

import psycopg

from aurora_resources.errors import WarehouseError
from aurora_resources.records import Feed
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.queries import read_query

_LONGEST: Final = 2_000

logger = logging.getLogger("aurora_resources.watching")


def see_head(warehouse: Warehouse, chain_id: str, head_period: int) -> None:
    """The chain, which the registry must know, said it is in this period. Raises WarehouseError."""
    with warehouse.transaction() as session:
        session.execute(
            read_query("staging/health.put_head"), {"chain_id": chain_id, "head_period": head_period}
        )


def note_failure(
    warehouse: Warehouse,
    chain_id: str,
    error: Exception,
    run_id: str,
    *,
    period_id: int | None = None,
    role: Feed | None = None,
) -> None:
    """An attempt failed. Never raises for want of a warehouse: the failure itself is what must be told."""
    try:
        with warehouse.transaction() as session:
            session.execute(
                read_query("staging/health.add_failure"),
                {
                    "chain_id": chain_id,
                    "period_id": period_id,
                    "role": None if role is None else role.value,
                    "message": str(error)[:_LONGEST].replace("\0", " "),
                    "run_id": run_id,
                },
            )
    except (WarehouseError, psycopg.Error):
        logger.exception("the failure of %s could not be noted: %s", chain_id, error)
