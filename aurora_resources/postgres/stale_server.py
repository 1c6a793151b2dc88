"""Whether a server is there, and getting rid of one that outlived its owner. Process ids are never believed.

What answers on the socket is there. A number in `postmaster.pid` may long belong to somebody else, above all
in a container, where the same small numbers come back after every start.
"""

import socket
import time
from pathlib import Path
from typing import Final

import psycopg

from aurora_resources.postgres.binaries import Binaries
from aurora_resources.postgres.launch import run_as
from aurora_resources.postgres.paths import Placement

POLL_SECONDS: Final = 0.02
_CONNECT_TIMEOUT_SECONDS: Final = 5


def answers(url: str) -> bool:
    """Whether the server at `url` takes a session now (it is neither starting nor ending)."""
    try:
        psycopg.connect(url, connect_timeout=_CONNECT_TIMEOUT_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


def clear_the_way(placement: Placement, binaries: Binaries, deadline: float) -> bool:
    """End, or wait for the end of, a server whose owner died; remove a process id that means somebody else.

    Call it only while owning the home. False when a server is still there at `deadline` (monotonic seconds).
    """
    pid_file = placement.data / "postmaster.pid"
    stop = [binaries.program("pg_ctl"), "stop", "--pgdata", str(placement.data), "--mode=fast", "--timeout=5"]
    while time.monotonic() < deadline:
        if _listens(placement.socket):
            run_as(placement.lent, stop)
        elif not _works_in(placement.data, pid_file):
            # PostgreSQL would take any live process of that number for a server. Should a session of the old
            # server run on after all, its shared memory still keeps a second server out.
            pid_file.unlink(missing_ok=True)
            return True
        time.sleep(POLL_SECONDS)
    return False


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
