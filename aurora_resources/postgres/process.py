"""The server's data folder and its process: settings, initdb, starting, stopping, stale servers.

A process id on disk is never trusted: what answers on the socket is the server. A number in `postmaster.pid`
may belong to another program by now, above all in a container, where the same small numbers come back after
every start.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg

from aurora_resources.errors import EmbeddedServerError
from aurora_resources.postgres import exec_server
from aurora_resources.postgres.binaries import Binaries
from aurora_resources.postgres.paths import PORT, ServerPaths
from aurora_resources.postgres.privileges import (
    chown_to_folder_owner,
    make_private,
    run_as,
    server_environment,
)

POLL_SECONDS: Final = 0.02
_CONNECT_TIMEOUT_SECONDS: Final = 5

_MIB: Final = 2**20
_SHARED_BUFFERS_MIB_MAX: Final = 1024
_SHARED_MEMORY_MIB_MIN: Final = 256
_BUILTIN_LOCALE_MAJOR: Final = 17
_LOG_BYTES_MAX: Final = 20 * _MIB


def default_settings(ram_mib: int, shared_memory_mib: int) -> dict[str, str]:
    """The server's settings for a machine with that much memory and that large a `/dev/shm`, both in MiB."""
    settings = {
        "shared_buffers": f"{max(16, min(_SHARED_BUFFERS_MIB_MAX, ram_mib // 8))}MB",
        "effective_cache_size": f"{max(64, ram_mib // 2)}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "max_connections": "100",
        "jit": "off",
        "random_page_cost": "1.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
    }
    if shared_memory_mib < _SHARED_MEMORY_MIB_MIN and sys.platform == "linux":
        # Containers have 64 MiB there by default, too little for parallel queries.
        settings["dynamic_shared_memory_type"] = "sysv"
    return settings


def machine_settings() -> dict[str, str]:
    """`default_settings` of this machine, or of this container where that has less memory."""
    ram = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text(encoding="ascii").strip()).isdigit():
        ram = min(ram, int(text))
    shared = Path("/dev/shm")  # noqa: S108 - only its size is read
    shared_memory = shutil.disk_usage(shared).total if shared.exists() else 2**40
    return default_settings(ram // _MIB, shared_memory // _MIB)


def create_data(paths: ServerPaths, binaries: Binaries) -> None:
    """Initialise the data folder; it appears whole or not at all. Raises EmbeddedServerError.

    Sorting is by code point on every machine. Local sockets need no password, because only the server's own
    user (and root) can enter their folder.
    """
    draft = paths.data.with_name(f"{paths.data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)  # of an attempt that was interrupted
    make_private(draft, paths.run_as)
    locale = ["--locale=C"]
    if binaries.major >= _BUILTIN_LOCALE_MAJOR:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = [binaries.program("initdb"), "--pgdata", str(draft), "--username=postgres", "--encoding=UTF8"]
    command += ["--auth-local=trust", "--auth-host=scram-sha-256", "--data-checksums", "--no-instructions"]
    finished = run_as(paths.run_as, [*command, *locale])
    if finished.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise EmbeddedServerError(
            f"PostgreSQL {binaries.version} could not make a data folder in {paths.data}:\n"
            f"{finished.stderr.strip() or finished.stdout.strip()}"
        )
    draft.rename(paths.data)


def accepts_connections(url: str) -> bool:
    """Whether the server at `url` accepts a session now (it is neither starting nor stopping)."""
    try:
        psycopg.connect(url, connect_timeout=_CONNECT_TIMEOUT_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


def stop_stale_server(paths: ServerPaths, binaries: Binaries, deadline: float) -> bool:
    """Stop a server whose owner died, or wait for its end; remove a stale `postmaster.pid`.

    The caller must own the home. False when a server still runs at `deadline` (monotonic seconds).
    """
    pid_file = paths.data / "postmaster.pid"
    stop = [binaries.program("pg_ctl"), "stop", "--pgdata", str(paths.data), "--mode=fast", "--timeout=5"]
    while time.monotonic() < deadline:
        if _listens(paths.socket):
            run_as(paths.run_as, stop)
        elif not _works_in(paths.data, pid_file):
            # PostgreSQL would take any live process of that number for a server. Should a session of the old
            # server still run, its shared memory keeps a second server from starting.
            pid_file.unlink(missing_ok=True)
            return True
        time.sleep(POLL_SECONDS)
    return False


def trim_log(log: Path) -> None:
    """Rename a log of more than 20 MiB to `.1`, which replaces the previous one."""
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
        log.replace(log.with_name(f"{log.name}.1"))


class ServerProcess:
    """A running `postgres`, which ends when this process ends (Linux), however it ends.

    The kernel ties it to the thread that started it, so a thread of its own starts it and waits for it; the
    caller's thread may end.
    """

    def __init__(self, paths: ServerPaths, binaries: Binaries, settings: Mapping[str, str]) -> None:
        """Start the server; it is not ready yet. `settings` override the machine's own."""
        self._command = _server_command(paths, binaries, {**machine_settings(), **settings})
        self._log = paths.log
        self._process: subprocess.Popen[bytes] | None = None
        self._failure: OSError | None = None
        self._started = threading.Event()
        threading.Thread(target=self._run, name="aurora-postgres", daemon=True).start()
        self._started.wait()
        if self._failure:
            raise EmbeddedServerError(f"cannot start PostgreSQL: {self._failure}") from self._failure

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._running().pid

    def ended(self) -> bool:
        """Whether the server has ended."""
        return self._running().poll() is not None

    def stop(self, signal: int, timeout_seconds: float) -> bool:
        """Send `signal` and wait; whether the server ended in time."""
        process = self._running()
        process.send_signal(signal)
        try:
            process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EmbeddedServerError("the server process was never started")
        return self._process

    def _run(self) -> None:
        try:
            with self._log.open("ab") as log:
                chown_to_folder_owner(self._log)
                self._process = subprocess.Popen(  # noqa: S603 - the command is built here and has no shell
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env=server_environment(),
                )
        except OSError as error:
            self._failure = error
            return
        finally:
            self._started.set()
        self._process.wait()


def _server_command(paths: ServerPaths, binaries: Binaries, settings: Mapping[str, str]) -> list[str]:
    account = paths.run_as
    user = [str(account.uid), str(account.gid)] if account else ["-1", "-1"]
    own = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": '"' + str(paths.sockets).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
    }
    options = [part for name, value in {**settings, **own}.items() for part in ("-c", f"{name}={value}")]
    script = [sys.executable, "-I", "-S", str(exec_server.__file__), *user, str(os.getpid())]
    return [*script, binaries.program("postgres"), "-D", str(paths.data), *options]


def _listens(path: Path) -> bool:
    """Whether any process listens on the socket file `path`."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def _works_in(data: Path, pid_file: Path) -> bool:
    """Whether the process named in `pid_file` works in the data folder, as this folder's server would."""
    try:
        pid = int(pid_file.read_text(encoding="ascii").split("\n", 1)[0])
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == data.resolve()
    except (OSError, ValueError):
        return False
