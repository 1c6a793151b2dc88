"""What every command stands in: the console, the home folder, Dagster's instance, the sandbox's addresses."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import dagster as dg
from rich.console import Console

from aurora_resources.config_files import CONFIG_DIRECTORY_VARIABLE
from aurora_resources.errors import ConfigurationError
from aurora_resources.sandbox.environment import NODES, sandbox_environment
from aurora_resources.sandbox.server import SandboxServer
from aurora_resources.warehouse.embedded import aurora_home

# A pipe or a log has no width of its own; the tables need about this much.
console: Final = Console(width=None if sys.stdout.isatty() else 120)
complaints: Final = Console(stderr=True)


def configuration_directory() -> Path:
    """Where chains.yaml, providers.yaml and dagster.yaml are."""
    return Path(os.environ.get(CONFIG_DIRECTORY_VARIABLE) or ".").resolve()


def point_at_sandbox(sandbox: SandboxServer) -> None:
    """Make every provider's address the sandbox's, for this process and those it starts."""
    os.environ.update(sandbox_environment(sandbox.provider_urls))


def real_providers_configured() -> bool:
    """Whether the environment names a real node; then no sandbox is needed."""
    return any(os.environ.get(node) for node in NODES)


def dagster_home() -> Path:
    """Dagster's home in Aurora's, with the checkout's dagster.yaml in it; made if missing."""
    source = configuration_directory() / "dagster.yaml"
    if not source.is_file():
        raise ConfigurationError(f"{source}: the file is missing; run from the checkout")
    home = aurora_home().resolve() / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return home


@contextmanager
def dagster_instance() -> Iterator[dg.DagsterInstance]:
    """The instance that the daemon and the user interface use, too."""
    home = dagster_home()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def print_json(value: object) -> None:
    """Data for programs: one JSON document on standard output."""
    print(json.dumps(value, indent=2, default=str))  # noqa: T201 - that is what was asked for
