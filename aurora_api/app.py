"""The service put together: GraphQL, health, correlation ids, and the pool that lives as long as it does.

`serve` runs it until it is stopped; the `aurora` command calls it. Nothing is read or opened while importing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aurora_api.context import make_pool
from aurora_api.correlation import CorrelationIds
from aurora_api.endpoint import GraphQLEndpoint, refuse
from aurora_api.errors import problem_of
from aurora_api.health import Readiness, answer_health
from aurora_resources.warehouse.connection import Warehouse

STOP_SECONDS: Final = 10


def create_app(warehouse: Warehouse, token: str, *, ide: bool = False) -> Starlette:
    """The service over this warehouse, for callers that carry `token`.

    It starts without a warehouse to reach, and says so at `/health/ready`. Raises ValueError for an empty
    token.
    """
    pool = make_pool(warehouse)
    graphql = GraphQLEndpoint(pool, token, ide=ide)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await pool.open()
        try:
            yield
        finally:
            await pool.close()

    return Starlette(
        routes=[
            Route("/graphql", graphql.answer, methods=["GET", "POST"]),
            Route("/health", answer_health),
            Route("/health/ready", Readiness(pool).answer),
        ],
        middleware=[Middleware(CorrelationIds)],
        exception_handlers={Exception: _answer_failure},
        lifespan=lifespan,
    )


def serve(
    warehouse: Warehouse, token: str, *, host: str = "127.0.0.1", port: int = 8000, ide: bool = False
) -> None:
    """Answer on `host` and `port` until the process is told to stop; requests under way are finished."""
    uvicorn.run(
        create_app(warehouse, token, ide=ide),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        log_level="warning",
        timeout_graceful_shutdown=STOP_SECONDS,
    )


async def _answer_failure(request: Request, error: Exception) -> Response:
    """The answer to a request that failed outside GraphQL; the server logs the error itself."""
    return refuse(request, 500, problem_of(error))
