"""Run by the tests as a process: holds the server of a home until its standard input ends.

Arguments: the home (default: `AURORA_HOME` or `.aurora`), `--shared-root FOLDER`, `--fork`, `--use`. It
says one line of JSON about the server or the error. `--fork` leaves a child behind that lives on; `--use`
connects once more after the input ended and says what comes of it.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from aurora_resources.errors import AuroraError
from aurora_resources.postgres.privileges import SHARED_ROOT
from aurora_resources.postgres.server import EmbeddedServer


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)  # noqa: T201 - read by the test


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("home", nargs="?", type=Path)
    parser.add_argument("--shared-root", type=Path, default=SHARED_ROOT)
    parser.add_argument("--fork", action="store_true")
    parser.add_argument("--use", action="store_true")
    options = parser.parse_args()
    try:
        server = EmbeddedServer(options.home, shared_root=options.shared_root).start()
    except AuroraError as error:
        say(error=str(error))
        sys.exit(1)
    child = os.fork() if options.fork else None
    if child == 0:
        os.close(0)
        os.close(1)
        time.sleep(60)
        os._exit(0)
    say(
        owned=server.owned,
        url=server.url("postgres"),
        server_pid=server.server_pid,
        data=str(server.data),
        child=child,
    )
    sys.stdin.read()
    if options.use:
        from aurora_resources.warehouse.connection import Warehouse  # noqa: PLC0415 - slow, and only here

        try:
            Warehouse(server.url("postgres"), server=server).connect().close()
        except AuroraError as error:
            say(error=str(error))
    server.stop()


main()
