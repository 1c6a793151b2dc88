"""Aurora's own PostgreSQL server: one process owns it, any number attach, nobody installs anything.

Here are ownership, waiting and ending. How a data folder and a process are made is in `launch.py`, where
things lie in `placement.py`. A process id on disk is never believed: what answers on the socket is there.
"""

import atexit
import contextlib
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from aurora_resources.errors import EmbeddedServerError
from aurora_resources.postgres.binaries import find_binaries
from aurora_resources.postgres.launch import ServerProcess, create_data, trim_log
from aurora_resources.postgres.ownership import OwnerLock
from aurora_resources.postgres.paths import PORT, locate, prepare
from aurora_resources.postgres.privileges import SHARED_ROOT, reachable_binaries
from aurora_resources.postgres.stale_server import POLL_SECONDS, answers, clear_the_way

START_TIMEOUT_SECONDS: Final = 120.0
STOP_TIMEOUT_SECONDS: Final = 60.0
_LOG_LINES_SHOWN: Final = 12


def aurora_home() -> Path:
    """`AURORA_HOME`, or `.aurora` in the working directory; absolute."""
    return Path(os.environ.get("AURORA_HOME") or ".aurora").absolute()


class EmbeddedServer:
    """The server of one home. A context manager that starts or attaches, and stops what it started.

    `owned` says which: an attached process loses the server when its owner ends.
    """

    def __init__(
        self,
        home: Path,
        *,
        settings: Mapping[str, str] | None = None,
        shared_root: Path = SHARED_ROOT,
        start_timeout_seconds: float = START_TIMEOUT_SECONDS,
    ) -> None:
        """`settings` are PostgreSQL's, over Aurora's; they matter only to the process that owns."""
        self.home = home.absolute()
        self._settings = settings or {}
        self._shared_root = shared_root
        self._timeout_seconds = start_timeout_seconds
        self._lock = OwnerLock(self.home / "postgres.lock")
        self._process: ServerProcess | None = None
        self._placement = locate(self.home)
        self._owner_pid = 0
        self._owner_name = "another process"
        self._log_offset = 0

    @property
    def owned(self) -> bool:
        """Whether this object runs the server (False: it attached to another's, or did not start)."""
        return self._process is not None

    @property
    def log(self) -> Path:
        """The file with what the server says."""
        return self._placement.log

    @property
    def data(self) -> Path:
        """The data folder."""
        return self._placement.data

    @property
    def server_pid(self) -> int | None:
        """The server's process id, to the owner only."""
        return self._process.pid if self._process else None

    def start(self, *, wait_to_own: bool = False) -> Self:
        """Start the server, or attach to the one that another process owns; it answers afterwards.

        With `wait_to_own` it never attaches, but waits until it can own: for a process that others lean
        on. Raises EmbeddedServerError, with the end of the server's log, when that takes too long.
        """
        deadline = time.monotonic() + self._timeout_seconds
        self._make_home()
        while True:
            if self._acquire():
                try:
                    self._start_owned(deadline)
                except BaseException:
                    self.stop()
                    raise
                return self
            self._placement = locate(self.home)
            if not wait_to_own and answers(self.url("postgres")):
                self._owner_name = self._lock.owner()
                return self
            if time.monotonic() > deadline:
                raise EmbeddedServerError(
                    f"{self._lock.owner()} owns the server in {self.home}, and "
                    f"{'still does' if wait_to_own else 'it does not answer'} after "
                    f"{self._timeout_seconds:.0f} s; end that process, or set AURORA_HOME to another folder."
                    f"{self._log_tail(0)}"
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End the server if this object owns it (open transactions are rolled back), else only let go."""
        if self._owner_pid not in (0, os.getpid()):
            return  # a forked child: the server is its parent's
        atexit.unregister(self.stop)
        process, self._process = self._process, None
        try:
            if process and not process.ended() and not process.stop(signal.SIGINT, STOP_TIMEOUT_SECONDS):
                process.stop(signal.SIGQUIT, STOP_TIMEOUT_SECONDS)
            with contextlib.suppress(OSError):
                self._placement.sockets.rmdir()  # it may lie in the shared temporary folder
        finally:
            self._lock.release()

    def url(self, database: str = "aurora", user: str = "postgres") -> str:
        """The address of a database for libpq; complete, so that PGPORT and its like change nothing."""
        host = quote(str(self._placement.sockets), safe="")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def explain_loss(self) -> str:
        """Why a connection to this server was lost or refused, as far as can be said, and what to do."""
        if answers(self.url("postgres")):
            return "The embedded server is running; it may have been restarted meanwhile: try again."
        if self.owned:
            tail = self._log_tail(self._log_offset)
            return f"The embedded server has ended; it starts again with Aurora.{tail}"
        return (
            f"The embedded server belonged to {self._owner_name}, which has ended, and the server with it. "
            "Run this again, or keep `aurora up` running, which owns the server for all other commands."
        )

    def __enter__(self) -> Self:
        """Start or attach."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what was started here."""
        self.stop()

    def _make_home(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _acquire(self) -> bool:
        try:
            return self._lock.acquire()
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> EmbeddedServerError:
        return EmbeddedServerError(
            f"Aurora cannot keep its database in {self.home} ({error.strerror}: {error.filename}); set "
            "AURORA_HOME to a folder of your own that can be written, or AURORA_DATABASE_URL to a running "
            "PostgreSQL"
        )

    def _start_owned(self, deadline: float) -> None:
        try:
            placement = self._placement = prepare(self.home, self._shared_root)
            version = placement.data / "PG_VERSION"
            major = int(version.read_text(encoding="ascii")) if version.exists() else None
        except OSError as error:
            raise self._unusable(error) from error
        binaries = reachable_binaries(find_binaries(major), placement.lent, self._shared_root)
        if major is None:
            create_data(placement, binaries)
        if not clear_the_way(placement, binaries, deadline):
            raise EmbeddedServerError(
                f"an earlier server on {placement.data} does not end; its process id is in postmaster.pid "
                f"there. End it, then run this again.{self._log_tail(0)}"
            )
        trim_log(placement.log)
        self._log_offset = placement.log.stat().st_size if placement.log.exists() else 0
        self._owner_pid = os.getpid()
        atexit.register(self.stop)
        while True:
            self._process = ServerProcess(placement, binaries, self._settings)
            if self._ready(self._process, deadline):
                break
            time.sleep(10 * POLL_SECONDS)
        self._lock.record(self._process.pid, placement.socket)

    def _ready(self, process: ServerProcess, deadline: float) -> bool:
        """Wait until the server answers. False: a session of a killed server still runs, so try again."""
        while not answers(self.url("postgres")):
            late = time.monotonic() > deadline
            if process.ended():
                tail = self._log_tail(self._log_offset)
                if "pre-existing shared memory block" in tail and not late:
                    return False
                raise EmbeddedServerError(f"PostgreSQL ended while starting.{tail}")
            if late:
                raise EmbeddedServerError(
                    f"PostgreSQL did not answer within {self._timeout_seconds:.0f} s (it may be recovering "
                    f"from a crash: run this again).{self._log_tail(self._log_offset)}"
                )
            time.sleep(POLL_SECONDS)
        return True

    def _log_tail(self, offset: int) -> str:
        """The last lines of the log after `offset` bytes, with its name."""
        try:
            with self.log.open("rb") as log:
                log.seek(offset)
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return f" There is no log {self.log}."
        return "\n".join([f" The end of {self.log}:", *lines[-_LOG_LINES_SHOWN:]])
