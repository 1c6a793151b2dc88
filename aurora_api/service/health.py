"""Whether the service lives, whether it can answer, and whether the chains are ingested.

None needs a token or tells about partners or money.
"""

import logging
from typing import NamedTuple

import msgspec
import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aurora_api.context.reader import Pool, Reader
from aurora_api.queries.ingestion_health import HealthStatus, read_ingestion_health, worst
from aurora_resources.warehouse.migrations import newest

logger = logging.getLogger("aurora_api.health")


class _Migration(NamedTuple):
    revision: str


async def answer_health(_: Request) -> Response:
    """200 as long as the process answers at all."""
    return JSONResponse({"status": "alive"})


class Readiness:
    """200 when the warehouse answers and its tables are those of this version; else 503 and what is wrong."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._expected = newest()

    async def answer(self, _: Request) -> Response:
        """One request."""
        problem = await self._problem()
        if problem is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "problem": problem}, 503)

    async def _problem(self) -> str | None:
        reader = Reader(self._pool)
        try:
            found = await reader.rows("public/revision", _Migration)
        except (
            psycopg.errors.UndefinedTable,
            psycopg.errors.InvalidSchemaName,
            psycopg.errors.InsufficientPrivilege,
        ):
            found = []
        except (PoolTimeout, psycopg.OperationalError):
            return "the warehouse cannot be reached"
        finally:
            await reader.close()
        if [row.revision for row in found] != [self._expected]:
            return "the warehouse's tables are of another version; run aurora migrate, or a newer Aurora"
        return None


class IngestionHealth:
    """200 while no chain is UNHEALTHY; else, or without a warehouse, 503. Each chain's state is told."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def answer(self, _: Request) -> Response:
        """One request."""
        reader = Reader(self._pool)
        try:
            chains = await read_ingestion_health(reader)
        except (PoolTimeout, psycopg.Error):
            logger.exception("the ingestion's health could not be read")
            return JSONResponse({"status": "UNKNOWN", "problem": "the warehouse cannot be read"}, 503)
        finally:
            await reader.close()
        status = worst(chains)
        body = {"status": status, "chains": chains}
        return Response(
            msgspec.json.encode(body),
            503 if status is HealthStatus.UNHEALTHY else 200,
            media_type="application/json",
        )
