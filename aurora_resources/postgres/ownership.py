"""Who owns an embedded server: one process at a time, told by a lock that the kernel frees on any death.

The text in the lock file is for people and messages; only the lock itself decides anything.
"""

import contextlib
import fcntl
import json
import os
import weakref
from io import TextIOWrapper
from pathlib import Path

from aurora_resources.postgres.privileges import leave_to_owner

_held: "weakref.WeakSet[OwnerLock]" = weakref.WeakSet()


class OwnerLock:
    """The right to run the server of one home."""

    def __init__(self, path: Path) -> None:
        """Nothing is locked yet; `path` is made when it is first tried."""
        self._path = path
        self._file: TextIOWrapper | None = None

    def acquire(self) -> bool:
        """Try once to take the lock; whether this object holds it. Raises OSError when it cannot be made."""
        if self._file:
            return True
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        leave_to_owner(self._path)
        self._file = file
        _held.add(self)
        return True

    def release(self) -> None:
        """Let others own the server."""
        if self._file:
            self._file.close()
            self._file = None
        _held.discard(self)

    def record(self, server_pid: int, socket: Path) -> None:
        """Write down who owns which server, for people who look."""
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


def _forget_in_child() -> None:
    """A forked child shares the lock and would keep it after its parent's death: close the copies."""
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_forget_in_child)
