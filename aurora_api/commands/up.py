"""`aurora up`: the whole system in one terminal; Ctrl-C stops everything it started.

Raises PartEnded when one of the processes ends by itself.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from types import FrameType
from typing import Annotated, Final

import typer

from aurora_api.access.demo_users import ensure_demo_users
from aurora_api.access.token_keys import token_keys_from_environment
from aurora_api.commands.agreement import load_file
from aurora_api.commands.console import console
from aurora_api.commands.environment import (
    configuration_directory,
    dagster_home,
    point_at_sandbox,
    real_providers_configured,
)
from aurora_api.service.settings import DEVELOPMENT_VARIABLE
from aurora_resources.config.files import load_config
from aurora_resources.errors import AuroraError
from aurora_resources.postgres.paths import aurora_home
from aurora_resources.warehouse.connection import open_warehouse
from aurora_resources.warehouse.registry import sync_registry
from aurora_sandbox.serving import NODE_VARIABLES, growing_sandbox

AGREEMENTS: Final = "partners.yaml"
DEMO_PARTNER: Final = "northwind"
PATIENCE_SECONDS: Final = 5.0
"""How long the processes may take to end by themselves after Ctrl-C."""


class PartEnded(AuroraError):  # noqa: N818 - what happened, raised to end the command
    """A process of the system ended by itself."""


app = typer.Typer(add_completion=False)


@app.command()
def up(
    *,
    dagster_port: Annotated[int, typer.Option(help="Port of Dagster's user interface.")] = 3000,
    api_port: Annotated[int, typer.Option(help="Port of the GraphQL service.")] = 8000,
    sandbox_port: Annotated[int, typer.Option(help="Port of the sandbox, if one is needed.")] = 8900,
) -> None:
    """Run everything: database, sandbox (unless real providers are configured), Dagster, GraphQL."""
    with ExitStack() as stack:
        on_sandbox = not real_providers_configured()
        if on_sandbox:
            sandbox = stack.enter_context(growing_sandbox(sandbox_port))
            point_at_sandbox(sandbox.provider_urls)
            os.environ.setdefault(DEVELOPMENT_VARIABLE, "1")
            console.print(
                f"sandbox    {sandbox.base_url}  (set {' or '.join(NODE_VARIABLES)} to use real providers)"
            )
        config = load_config()
        warehouse = stack.enter_context(open_warehouse(migrated=True, own=True))
        with warehouse.connect() as connection:
            sync_registry(connection, config)
            demonstrated = on_sandbox and (configuration_directory() / AGREEMENTS).is_file()
            if demonstrated:
                load_file(connection, config, configuration_directory() / AGREEMENTS)
        console.print(f"warehouse  {warehouse.address}")
        os.environ["AURORA_HOME"] = str(aurora_home())
        home = dagster_home()
        token_keys_from_environment()  # reports a weak or missing secret before anything is started
        if demonstrated:
            ensure_demo_users(warehouse, aurora_home(), DEMO_PARTNER)
        parts: dict[str, subprocess.Popen[bytes]] = {}
        stack.callback(stop, parts.values())
        for name, command in _commands(dagster_port, api_port).items():
            # A process group of its own: Ctrl-C reaches this process alone, and it stops the others.
            parts[name] = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own commands
        console.print(f"dagster    http://127.0.0.1:{dagster_port}  (records in {home})")
        console.print(f"graphql    http://127.0.0.1:{api_port}/graphql  (mutation login)")
        console.print("\nCtrl-C stops everything.")
        _wait(parts)


def _commands(dagster_port: int, api_port: int) -> dict[str, list[str]]:
    python = [sys.executable, "-m"]
    workspace = ["-w", str(configuration_directory() / "workspace.yaml")]
    return {
        "dagster": [*python, "dagster_webserver", "-h", "127.0.0.1", "-p", str(dagster_port), *workspace],
        "daemon": [*python, "dagster._daemon", "run", *workspace],
        "graphql": [*python, "aurora_api", "api", "--port", str(api_port)],
    }


def stop(processes: Iterable[subprocess.Popen[bytes]], patience_seconds: float = PATIENCE_SECONDS) -> None:
    """End every process and the group it leads: SIGINT to all of them at once, then SIGKILL.

    What has not ended after `patience_seconds` is killed. That loses nothing: all records of the API and of
    Dagster are in PostgreSQL, which stops after them, and an open transaction is rolled back.
    """
    started = list(processes)
    # The whole group: Dagster's web server and daemon wait for their code servers, which wait up to a minute
    # for their last call if they are not interrupted; a run records that it was interrupted.
    for process in started:
        _signal_group(process, signal.SIGINT)
    deadline = time.monotonic() + patience_seconds
    for process in started:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in started:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _wait(parts: dict[str, subprocess.Popen[bytes]]) -> None:
    def leave(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    while True:
        for name, process in parts.items():
            code = process.poll()
            if code is not None:
                raise PartEnded(f"{name} ended by itself with status {code}; its own output above says why")
        time.sleep(0.5)
