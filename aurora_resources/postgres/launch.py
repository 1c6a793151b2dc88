"""Making a data folder and running a server process on it, for whoever owns the home.

Here are the server's settings and its command line. Finding the programs is in `binaries.py`, the places
and the user in `placement.py`, ownership and waiting in `embedded.py`.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aurora_resources.errors import EmbeddedServerError
from aurora_resources.postgres import server_process
from aurora_resources.postgres.binaries import Binaries
from aurora_resources.postgres.paths import PORT, Placement
from aurora_resources.postgres.privileges import Account, leave_to_owner, make_private

_MIB: Final = 2**20
_SHARED_BUFFERS_MIB_MAX: Final = 1024
_SHARED_MEMORY_MIB_MIN: Final = 256
_BUILTIN_LOCALE_MAJOR: Final = 17
_LOG_BYTES_MAX: Final = 20 * _MIB


def default_settings(ram_mib: int, shared_memory_mib: int) -> dict[str, str]:
    """The server's settings for a machine with so much memory (MiB) and so large a /dev/shm (MiB)."""
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
    shared = Path("/dev/shm")  # noqa: S108 - asked for its size only
    shared_memory = shutil.disk_usage(shared).total if shared.exists() else 2**40
    return default_settings(ram // _MIB, shared_memory // _MIB)


def create_data(placement: Placement, binaries: Binaries) -> None:
    """Initialise the data folder; it appears whole or not at all. Raises EmbeddedServerError.

    Sorting is by code point on every machine. Local sockets are trusted, for only the server's own user
    (and root) can enter their folder.
    """
    draft = placement.data.with_name(f"{placement.data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)  # of an attempt that was interrupted
    make_private(draft, placement.lent)
    locale = ["--locale=C"]
    if binaries.major >= _BUILTIN_LOCALE_MAJOR:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = [binaries.program("initdb"), "--pgdata", str(draft), "--username=postgres", "--encoding=UTF8"]
    command += ["--auth-local=trust", "--auth-host=scram-sha-256", "--data-checksums", "--no-instructions"]
    made = run_as(placement.lent, [*command, *locale])
    if made.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise EmbeddedServerError(
            f"PostgreSQL {binaries.version} could not make a data folder in {placement.data}:\n"
            f"{made.stderr.strip() or made.stdout.strip()}"
        )
    draft.rename(placement.data)


def run_as(lent: Account | None, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs to its end as the server's user; its output is captured."""
    return subprocess.run(  # noqa: S603 - the command is built here and has no shell
        command,
        user=lent.uid if lent else None,
        group=lent.gid if lent else None,
        extra_groups=[] if lent else None,
        cwd="/",
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


class ServerProcess:
    """A running `postgres`, which ends when this process does (Linux), however it does.

    The kernel ties it to the thread that started it, so that thread is one of its own that waits for it;
    the caller's thread may come and go.
    """

    def __init__(self, placement: Placement, binaries: Binaries, settings: Mapping[str, str]) -> None:
        """Start the server; it is not ready yet. `settings` go over the machine's own."""
        self._command = _server_command(placement, binaries, {**machine_settings(), **settings})
        self._log = placement.log
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
        """Whether the server is gone."""
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
                leave_to_owner(self._log)
                self._process = subprocess.Popen(  # noqa: S603 - the command is built here and has no shell
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env=_environment(),
                )
        except OSError as error:
            self._failure = error
            return
        finally:
            self._started.set()
        self._process.wait()


def trim_log(log: Path) -> None:
    """Put a log that has grown long aside, as `.1`; the one before that is gone."""
    if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
        log.replace(log.with_name(f"{log.name}.1"))


def _server_command(placement: Placement, binaries: Binaries, settings: Mapping[str, str]) -> list[str]:
    lent = placement.lent
    user = [str(lent.uid), str(lent.gid)] if lent else ["-1", "-1"]
    own = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": '"' + str(placement.sockets).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
    }
    options = [part for name, value in {**settings, **own}.items() for part in ("-c", f"{name}={value}")]
    become = [sys.executable, "-I", "-S", str(server_process.__file__), *user, str(os.getpid())]
    return [*become, binaries.program("postgres"), "-D", str(placement.data), *options]


def _environment() -> dict[str, str]:
    """The environment without libpq's variables, which could lead the server's programs astray."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
