"""The embedded PostgreSQL server: one process owns it, any number attach, and no installation is needed.

Here are ownership, starting, waiting and stopping. The data folder and the process are made in `process.py`,
the paths are decided in `paths.py`.
"""

import atexit
import contextlib
import fcntl
import json
import os
import signal
import time
import weakref
from collections.abc import Mapping
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from aurora_resources.errors import EmbeddedServerError
from aurora_resources.postgres.binaries import find_binaries
from aurora_resources.postgres.paths import PORT, aurora_home, locate, prepare
from aurora_resources.postgres.privileges import SHARED_ROOT, chown_to_folder_owner, reachable_binaries
from aurora_resources.postgres.process import (
    POLL_SECONDS,
    ServerProcess,
    accepts_connections,
    create_data,
    stop_stale_server,
    trim_log,
)

START_TIMEOUT_SECONDS: Final = 120.0
STOP_TIMEOUT_SECONDS: Final = 60.0
_LOG_LINES_SHOWN: Final = 12

_held: "weakref.WeakSet[OwnerLock]" = weakref.WeakSet()


class OwnerLock:
    """The right to run the server of one home: held by one process, freed by the kernel however it ends.

    The text in the lock file is for messages; only the lock itself decides.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is locked yet; `acquire` makes the file `path`."""
        self._path = path
        self._file: TextIOWrapper | None = None

    def acquire(self) -> bool:
        """Try once to take the lock; whether this object holds it. Raises OSError for an unusable file."""
        if self._file:
            return True
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        chown_to_folder_owner(self._path)
        self._file = file
        _held.add(self)
        return True

    def release(self) -> None:
        """Give up the lock."""
        if self._file:
            self._file.close()
            self._file = None
        _held.discard(self)

    def record(self, server_pid: int, socket: Path) -> None:
        """Write the owner and the server into the lock file, for error messages and operators."""
        if self._file:
            self._file.truncate(0)
            facts = {"owner_pid": os.getpid(), "server_pid": server_pid, "socket": str(socket)}
            self._file.write(json.dumps(facts) + "\n")
            self._file.flush()

    def owner(self) -> str:
        """`process 123` as last recorded, or `another process`."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return f"process {json.loads(self._path.read_text(encoding='utf-8'))['owner_pid']}"
        return "another process"


def _release_in_child() -> None:
    """A forked child shares the lock and would hold it after its parent's end: close its copies."""
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_release_in_child)


class EmbeddedServer:
    """The server of one home. A context manager: it starts the server or attaches, and stops what it started.

    `owned` tells which of the two: an attached process loses the server when its owner ends.
    """

    def __init__(
        self,
        home: Path | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        shared_root: Path = SHARED_ROOT,
        start_timeout_seconds: float = START_TIMEOUT_SECONDS,
    ) -> None:
        """`home` is `AURORA_HOME` by default.

        `settings` are PostgreSQL's and override Aurora's; only the process that owns the server uses them.
        """
        self.home = (home or aurora_home()).absolute()
        self._settings = settings or {}
        self._shared_root = shared_root
        self._timeout_seconds = start_timeout_seconds
        self._lock = OwnerLock(self.home / "postgres.lock")
        self._process: ServerProcess | None = None
        self._paths = locate(self.home)
        self._owner_pid = 0
        self._owner_name = "another process"
        self._log_offset = 0

    @property
    def owned(self) -> bool:
        """Whether this object runs the server (False: it attached to another's, or has not started)."""
        return self._process is not None

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._paths.log

    @property
    def data(self) -> Path:
        """The data folder."""
        return self._paths.data

    @property
    def server_pid(self) -> int | None:
        """The server's process id; None unless this object owns the server."""
        return self._process.pid if self._process else None

    def start(self, *, wait_to_own: bool = False) -> Self:
        """Start the server, or attach to the one that another process owns; it accepts sessions afterwards.

        With `wait_to_own` it never attaches, but waits until it can own the server: for a process that others
        depend on. Raises EmbeddedServerError, with the end of the server's log, when that takes too long.
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
            self._paths = locate(self.home)
            if not wait_to_own and accepts_connections(self.url("postgres")):
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
        """Stop the server if this object owns it (open transactions are rolled back), else only detach."""
        if self._owner_pid not in (0, os.getpid()):
            return  # a forked child: the server is its parent's
        atexit.unregister(self.stop)
        process, self._process = self._process, None
        try:
            if process and not process.ended() and not process.stop(signal.SIGINT, STOP_TIMEOUT_SECONDS):
                process.stop(signal.SIGQUIT, STOP_TIMEOUT_SECONDS)
            with contextlib.suppress(OSError):
                self._paths.sockets.rmdir()  # it may lie in the shared temporary folder
        finally:
            self._lock.release()

    def url(self, database: str = "aurora", user: str = "postgres") -> str:
        """The libpq address of a database; complete, so that PGPORT and similar variables change nothing."""
        host = quote(str(self._paths.sockets), safe="")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def explain_loss(self) -> str:
        """The probable reason why a connection to this server was lost or refused, and what to do."""
        if accepts_connections(self.url("postgres")):
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
        """Stop the server if this object owns it."""
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
            paths = self._paths = prepare(self.home, self._shared_root)
            version = paths.data / "PG_VERSION"
            major = int(version.read_text(encoding="ascii")) if version.exists() else None
        except OSError as error:
            raise self._unusable(error) from error
        binaries = reachable_binaries(find_binaries(major), paths.run_as, self._shared_root)
        if major is None:
            create_data(paths, binaries)
        if not stop_stale_server(paths, binaries, deadline):
            raise EmbeddedServerError(
                f"an earlier server on {paths.data} does not end; its process id is in postmaster.pid "
                f"there. End it, then run this again.{self._log_tail(0)}"
            )
        trim_log(paths.log)
        self._log_offset = paths.log.stat().st_size if paths.log.exists() else 0
        self._owner_pid = os.getpid()
        atexit.register(self.stop)
        while True:
            self._process = ServerProcess(paths, binaries, self._settings)
            if self._ready(self._process, deadline):
                break
            time.sleep(10 * POLL_SECONDS)
        self._lock.record(self._process.pid, paths.socket)

    def _ready(self, process: ServerProcess, deadline: float) -> bool:
        """Wait until the server answers. False: a session of a killed server still runs, so try again."""
        while not accepts_connections(self.url("postgres")):
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
