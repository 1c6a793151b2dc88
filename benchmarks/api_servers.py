"""The two servers that `benchmarks/api.py` fetcher, each a process of its own: the service, and the floor.

The floor is the same SQL, psycopg's pool, JSON, and nothing else: no GraphQL, no user, no policies, no
limits. It is the least that an answer of the same rows can cost in Python, in one process as well.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import uvicorn
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aurora_api.commands.api import api
from aurora_api.context.reader import POOL_SIZE, select_columns
from aurora_resources.warehouse.connection import read_numeric_as_int
from aurora_resources.warehouse.queries import read_query


def serve_aurora(workers: int, port: int) -> None:
    """The real service, as `aurora api` runs it in this environment."""
    api(port=port, workers=workers)


def serve_floor(url: str, port: int) -> None:
    """The floor over the database at `url`."""
    uvicorn.run(floor(url), port=port, access_log=False, log_level="warning")


def floor(url: str) -> Starlette:
    """The floor's application."""
    pool = AsyncConnectionPool(url, open=False, min_size=1, max_size=POOL_SIZE, configure=_configure)

    async def answer(request: Request) -> Response:
        asked: dict[str, Any] = msgspec.json.decode(await request.body())
        query = select_columns(read_query(asked["query"]), tuple(asked["columns"]))
        async with pool.connection() as session, session.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, asked["parameters"])
            rows = await cursor.fetchall()
        return Response(msgspec.json.encode(rows), media_type="application/json")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with pool:
            yield

    return Starlette(routes=[Route("/floor", answer, methods=["POST"])], lifespan=lifespan)


async def _configure(connection: AsyncConnection) -> None:
    read_numeric_as_int(connection.adapters)
    await connection.set_autocommit(True)
    await connection.execute("set plan_cache_mode = force_custom_plan")
