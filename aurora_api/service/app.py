"""The ASGI application: its routes, its middleware, and the connection pool with the same lifetime.

`serve` runs it until it is stopped; the `aurora` command calls it. Importing reads and opens nothing.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aurora_api.access.download_tokens import PATH, PURPOSE
from aurora_api.context.reader import make_pool
from aurora_api.problems import problem_of
from aurora_api.service.downloads import StatementDownloads
from aurora_api.service.endpoint import GraphQLEndpoint, refuse
from aurora_api.service.health import IngestionHealth, Readiness, answer_health
from aurora_api.service.metrics import Metrics
from aurora_api.service.request_log import request_middleware
from aurora_api.service.settings import ApiSettings
from aurora_resources.logs import configure_logs
from aurora_resources.warehouse.connection import API_ROLE, Warehouse

STOP_SECONDS: Final = 10
GARBAGE_THRESHOLD: Final = 100_000
ROUTES: Final = frozenset({"/graphql", "/health", "/health/ready", "/health/ingestion", "/metrics"})


def create_app(
    warehouse: Warehouse, settings: ApiSettings, closing: AsyncExitStack | None = None
) -> Starlette:
    """The application over this warehouse, in the role `aurora_api`, which may take the roles of users.

    It starts even if the warehouse cannot be reached, and reports that at `/health/ready`. `closing` is
    closed when it ends.
    """
    warehouse = warehouse.as_role(API_ROLE)
    pool = make_pool(warehouse)
    graphql = GraphQLEndpoint(pool, warehouse, settings, ide=settings.development)

    metrics = Metrics(pool)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await pool.open()
        try:
            yield
        finally:
            await pool.close()
            await settings.limits.close()
            if closing is not None:
                await closing.aclose()

    return Starlette(
        routes=[
            Route("/graphql", graphql.answer, methods=["GET", "POST"]),
            Route(PATH, StatementDownloads(warehouse, settings.keys.derive(PURPOSE)).answer),
            Route("/health", answer_health),
            Route("/health/ready", Readiness(pool).answer),
            Route("/health/ingestion", IngestionHealth(pool).answer),
            Route("/metrics", metrics.answer),
        ],
        middleware=request_middleware(metrics, ROUTES),
        exception_handlers={Exception: _answer_failure},
        lifespan=lifespan,
    )


def serve(
    warehouse: Warehouse,
    settings: ApiSettings,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
) -> None:
    """Serve on `host` and `port` until the process is stopped; requests in progress are completed."""
    configure_logs()
    app = create_app(warehouse, settings)
    tune_garbage_collection()
    uvicorn.run(app, **uvicorn_options(host, port))


def tune_garbage_collection() -> None:
    """Run the garbage collector less often; to be called before the first request.

    The objects that exist by now stay, and a page of rows is many small objects that end with the request:
    searching all of them for cycles as often as by default costs more than creating them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD, 10, 50)


def uvicorn_options(host: str, port: int) -> dict[str, Any]:
    """The options of uvicorn, for one process and for several."""
    return {
        "host": host,
        "port": port,
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "ws": "none",
        "lifespan": "on",
        "timeout_graceful_shutdown": STOP_SECONDS,
    }


async def _answer_failure(_: Request, error: Exception) -> Response:
    """The response to a request that failed outside GraphQL; the server logs the error itself."""
    return refuse(500, problem_of(error))
