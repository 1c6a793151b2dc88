"""Run as a script, it turns itself into the database server: new session, other user, tied to its parent.

A script and not a function after fork: Python code may not safely run in the child of a process with
threads. It imports nothing of Aurora, since it starts without site packages.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """`arguments`: uid, gid (-1 keeps the present ones), the parent's process id, then the command."""
    uid, gid, parent = (int(argument) for argument in arguments[:3])
    command = arguments[3:]
    os.setsid()
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # SIGINT is PostgreSQL's fast shutdown. Changing the user clears it, so it is asked for afterwards.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT))
        if os.getppid() != parent:
            sys.exit("the process that wanted a server has ended")
    os.execv(command[0], command)  # noqa: S606 - the command is the launcher's


if __name__ == "__main__":
    main(sys.argv[1:])
