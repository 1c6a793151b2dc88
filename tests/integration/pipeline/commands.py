"""The `aurora` command as a user types it, in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.integration.pipeline.installation import CHECKOUT

AURORA = (sys.executable, "-c", "from aurora_api.commands.main import main; main()")
PATIENCE_SECONDS = 60


@contextmanager
def sandbox_command(*arguments: str) -> Iterator[str]:
    """`aurora sandbox` with `arguments`, stopped by a signal at the end; its address without a path."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base_url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [*AURORA, "sandbox", "--port", str(port), *arguments],
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            _wait_until_it_serves(process, base_url)
            yield base_url
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_it_serves(process: subprocess.Popen[str], base_url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{base_url}/_sandbox/state").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    process.kill()
    raise AssertionError(f"the sandbox did not start: {process.communicate()[0]}")
