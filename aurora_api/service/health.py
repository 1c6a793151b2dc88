"""The health of the service: liveness, readiness, and the ingestion of the chains.

The endpoints need no token, and show nothing about partners or amounts.
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
    """Status 200 while the process responds."""
    return JSONResponse({"status": "alive"})


class Readiness:
    """Status 200 if the warehouse responds and is migrated to this version; else 503 and the problem."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._expected = newest()

    async def answer(self, _: Request) -> Response:
        """The response to one request."""
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
    """The state of each chain; status 200 while none is UNHEALTHY, else, or without a warehouse, 503."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def answer(self, _: Request) -> Response:
        """The response to one request."""
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
