"""A script that replaces itself by the database server: new session, another user, tied to its parent.

It is a script because Python code must not run between fork and exec in a process with threads. It imports
nothing of Aurora, since it starts without site packages.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """`arguments`: user id and group id (-1 keeps the present ones), the parent's process id, the command."""
    uid, gid, parent = (int(argument) for argument in arguments[:3])
    command = arguments[3:]
    os.setsid()
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # SIGINT is PostgreSQL's fast shutdown. Changing the user clears this setting, so it comes afterwards.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT))
        if os.getppid() != parent:
            sys.exit("the parent process ended before the server started")
    os.execv(command[0], command)  # noqa: S606 - `process.py` builds the command


if __name__ == "__main__":
    main(sys.argv[1:])
