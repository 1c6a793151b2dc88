"""The service in several processes on one port: uvicorn starts them anew if they die, and all end together.

A Python process uses one processor; a worker is a process of its own, with a connection pool of its own. The
parent holds what they share: the listening socket, the count of requests (`shared_rates.py`) unless a
Redis server holds it, and the folder of their metrics (`metrics.py`).
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
from aurora_api.service.app import create_app, settle_memory, uvicorn_options
from aurora_api.service.metrics import FOLDER_VARIABLE
from aurora_api.service.settings import settings_from_environment
from aurora_api.service.shared_rates import SharedRateLimits, serve_rates
from aurora_resources.logs import configure_logs
from aurora_resources.warehouse.connection import API_ROLE, open_warehouse

WORKER: Final = f"{__name__}:work"
ANSWERS: Final = 100
"""Every so many answers of a worker: rarely, for whoever opens a connection waits until a worker looks."""


def serve_with_workers(workers: int, limits: RateLimiter, *, host: str, port: int) -> None:
    """Answer with this many processes until told to stop; each reads its settings from the environment.

    The warehouse is open meanwhile, and its tables are up to date.
    """
    configure_logs()
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="aurora-api-"))
        if rate_limit_storage() == MEMORY:
            stack.enter_context(serve_rates(limits, Path(made)))
        os.environ[FOLDER_VARIABLE] = made
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
        opened.push_async_callback(shared.close)
    app = create_app(warehouse, settings_from_environment(shared), closing=opened)
    settle_memory()
    return ConnectionRecycler(app)


class ConnectionRecycler:
    """Around a worker's application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""

        async def send_and_end(message: Message) -> None:
            if message["type"] == "http.response.start" and next(self._answers) % ANSWERS == 0:
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, send_and_end)


def _end_with_parent() -> None:
    """A worker whose parent was killed ends as if it had been told to."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="parent").start()
