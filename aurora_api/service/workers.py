"""The service in several processes on one port: uvicorn starts them anew if they die, and all end together.

Python answers on one processor at a time; a worker is a process of its own, with a pool of its own. What must
be one for all of them is the parent's: the socket, how often somebody asked (`shared_rates.py`), and the
folder where the workers' metrics meet (`metrics.py`).
"""

import multiprocessing
import os
import signal
import tempfile
import threading
from contextlib import ExitStack
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from aurora_api.access.rates import CountsRates
from aurora_api.service.app import create_app, settle_memory, uvicorn_options
from aurora_api.service.connection_recycler import ConnectionRecycler
from aurora_api.service.metrics import FOLDER_VARIABLE
from aurora_api.service.settings import settings_from_environment
from aurora_api.service.shared_rates import SharedRateLimits, serve_rates
from aurora_resources.logs import configure_logs
from aurora_resources.warehouse.connection import API_ROLE, open_warehouse

WORKER: Final = f"{__name__}:work"


def serve_with_workers(workers: int, limits: CountsRates, *, host: str, port: int) -> None:
    """Answer with this many processes until told to stop; each reads its settings from the environment.

    The warehouse is open meanwhile, and its tables are up to date.
    """
    configure_logs()
    with tempfile.TemporaryDirectory(prefix="aurora-api-") as made, serve_rates(limits, Path(made)):
        os.environ[FOLDER_VARIABLE] = made
        uvicorn.run(WORKER, factory=True, workers=workers, **uvicorn_options(host, port))


def work() -> ASGIApp:
    """The application of one worker, in its process."""
    configure_logs()
    _end_with_parent()
    folder = Path(os.environ[FOLDER_VARIABLE])
    opened = ExitStack()
    warehouse = opened.enter_context(open_warehouse(application="aurora-api", role=API_ROLE))
    app = create_app(warehouse, settings_from_environment(SharedRateLimits(folder)), closing=opened)
    settle_memory()
    return ConnectionRecycler(app)


def _end_with_parent() -> None:
    """A worker whose parent was killed ends as if it had been told to."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="parent").start()
