"""The environment of a command: configuration directory, Dagster's home, addresses of the sandbox."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from aurora_resources.config.files import CONFIG_DIRECTORY_VARIABLE
from aurora_resources.errors import ConfigurationError
from aurora_resources.postgres.paths import aurora_home


def configuration_directory() -> Path:
    """Where chains.yaml, providers.yaml and dagster.yaml are."""
    return Path(os.environ.get(CONFIG_DIRECTORY_VARIABLE) or ".").resolve()


def point_at_sandbox(provider_urls: Mapping[str, str]) -> None:
    """Make every provider's address the sandbox's, for this process and those it starts."""
    from aurora_sandbox.serving import sandbox_environment

    os.environ.update(sandbox_environment(provider_urls))


def real_providers_configured() -> bool:
    """Whether the environment names a real node; then no sandbox is needed."""
    from aurora_sandbox.serving import NODE_VARIABLES

    return any(os.environ.get(name) for name in NODE_VARIABLES)


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
