"""The service in several worker processes on one port; uvicorn restarts a worker that dies.

A Python process uses one processor; each worker is a process with a connection pool of its own. The parent
holds what they share: the listening socket, the rate limits (`shared_rates.py`) unless a Redis server holds
them, and the folder of their metrics (`metrics.py`).
"""

import multiprocessing
import os
import signal
import tempfile
import threading
from contextlib import AsyncExitStack, ExitStack
from itertools import count
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aurora_api.access.rates import MEMORY, RateLimiter, rate_limit_storage
from aurora_api.service.app import create_app, tune_garbage_collection, uvicorn_options
from aurora_api.service.metrics import FOLDER_VARIABLE
from aurora_api.service.settings import settings_from_environment
from aurora_api.service.shared_rates import SharedRateLimits, serve_rates
from aurora_resources.logs import configure_logs
from aurora_resources.warehouse.connection import API_ROLE, open_warehouse

WORKER: Final = f"{__name__}:work"
RESPONSES_PER_CLOSE: Final = 100
"""How many responses of a worker to one that closes its connection: few close, for opening one costs time."""


def serve_with_workers(workers: int, limits: RateLimiter, *, host: str, port: int) -> None:
    """Serve with this many processes until stopped; each reads its settings from the environment.

    The caller keeps the warehouse open meanwhile, with its migrations applied.
    """
    configure_logs()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aurora-api-"))
        if rate_limit_storage() == MEMORY:
            stack.enter_context(serve_rates(limits, Path(folder)))
        os.environ[FOLDER_VARIABLE] = folder
        uvicorn.run(WORKER, factory=True, workers=workers, **uvicorn_options(host, port))


def work() -> ASGIApp:
    """The application of one worker, in its process."""
    configure_logs()
    _end_with_parent()
    folder = Path(os.environ[FOLDER_VARIABLE])
    opened = AsyncExitStack()
    warehouse = opened.enter_context(open_warehouse(application="aurora-api", role=API_ROLE))
    shared = None
    if rate_limit_storage() == MEMORY:
        shared = SharedRateLimits(folder)
    app = create_app(warehouse, settings_from_environment(shared), closing=opened)
    tune_garbage_collection()
    return ConnectionRecycler(app)


class ConnectionRecycler:
    """Middleware of a worker: closes a connection now and then, so that callers spread over the workers.

    A connection stays with the worker that accepted it. If many callers connect at once, one worker may get
    most of them, and they wait for each other. A new connection is accepted by a worker that is idle. HTTP
    clients reconnect by themselves.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._responses = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; the interface of ASGI."""

        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start" and next(self._responses) % RESPONSES_PER_CLOSE == 0:
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, send_and_close)


def _end_with_parent() -> None:
    """Terminate this worker, gracefully, when its parent was killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="parent").start()
