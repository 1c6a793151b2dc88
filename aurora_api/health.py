"""Whether the service lives, and whether it can answer. Neither needs a token or tells about the data."""

from typing import NamedTuple

import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aurora_api.context import Pool, Reader
from aurora_resources.warehouse.migrations import newest


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
            found = await reader.rows("migration.sql", _Migration)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            found = []
        except (PoolTimeout, psycopg.OperationalError):
            return "the warehouse cannot be reached"
        finally:
            await reader.close()
        if [row.revision for row in found] != [self._expected]:
            return "the warehouse's tables are of another version; run aurora migrate, or a newer Aurora"
        return None
