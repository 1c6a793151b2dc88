"""One count of who asked how often, for all workers of a service: their parent's, asked over a local socket.

Python's own managers carry the call: a worker calls the parent's count as if it were here. The socket
is in a folder of the parent's user alone, and whoever connects must know the key that only children get.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

from aurora_api.access.rates import Allowance, CountsRates
from aurora_api.problems import Code, Problem

SOCKET: Final = "rates"

A = TypeVar("A")


class _Manager(BaseManager):
    """Serves, or finds, the one count."""


class _Served(Protocol):
    def limits(self) -> CountsRates:
        """The parent's count."""
        ...


@contextmanager
def serve_rates(limits: CountsRates, folder: Path) -> Iterator[None]:
    """Let the children of this process count with `limits`, over a socket in `folder`."""
    _Manager.register("limits", callable=lambda: limits, exposed=("count_login", "count_request"))
    server = _Manager(str(folder / SOCKET)).get_server()

    def serve() -> None:
        with suppress(SystemExit):  # it takes itself for the whole process
            server.serve_forever()

    accepting = threading.Thread(target=serve, daemon=True, name="rates")
    accepting.start()
    try:
        yield
    finally:
        server.stop_event.set()  # type: ignore[attr-defined] # made by serve_forever
        accepting.join()
        server.listener.close()  # type: ignore[attr-defined] # or it looks for its socket when Python ends


class SharedRateLimits:
    """The parent's count, as a worker sees it."""

    def __init__(self, folder: Path) -> None:
        """Finds it by its socket in `folder`. Raises OSError where nobody serves it."""
        _Manager.register("limits", exposed=("count_login", "count_request"))
        manager = _Manager(str(folder / SOCKET))
        manager.connect()
        self._limits = cast("_Served", manager).limits()

    def count_login(self, address: str) -> Allowance:
        """One attempt to sign in from this address. Raises Problem when nobody counts any more."""
        return _counted(self._limits.count_login, address)

    def count_request(self, user_id: int) -> Allowance:
        """One request of this user. Raises Problem when nobody counts any more."""
        return _counted(self._limits.count_request, user_id)


def _counted(count: Callable[[A], Allowance], who: A) -> Allowance:
    try:
        return count(who)
    except (OSError, EOFError) as gone:
        raise Problem(Code.UNAVAILABLE, "requests cannot be counted just now; try again later") from gone
