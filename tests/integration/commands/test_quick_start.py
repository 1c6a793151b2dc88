"""The command line starts without the libraries that take long to load and that only some commands need."""

import importlib.util
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aurora_api.commands.main import COMMANDS, app, load_command
from aurora_resources.warehouse.connection import Warehouse

CHECKOUT = Path(__file__).resolve().parents[3]
SLOW = ("alembic", "dagster", "httpx", "pydantic", "sqlalchemy", "starlette", "strawberry", "uvicorn")
# Commands, and which of these they need: some tenths of a second each.
NEEDED = {
    ("audit", "statement"): (),
    ("agreement", "override", "user"): ("pydantic",),
    ("doctor", "explain", "recompute", "simulate", "verify"): ("httpx", "pydantic"),
    ("sandbox",): ("pydantic", "starlette", "uvicorn"),
}


def loaded_by(*modules: str, then: str = "pass") -> set[str]:
    """Which of the slow libraries a fresh process has loaded after it imported these modules."""
    return {name.partition(".")[0] for name in modules_of(*modules, then=then)} & set(SLOW)


def modules_of(*modules: str, then: str) -> set[str]:
    """Everything a fresh process has loaded after it imported these modules."""
    code = f"import sys, {', '.join(modules)}\n{then}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def test_what_is_typed_is_read_without_any_slow_library() -> None:
    assert all(importlib.util.find_spec(name) for name in SLOW)
    assert loaded_by("aurora_api.commands.main") == set()


@pytest.mark.parametrize("commands", NEEDED, ids=" ".join)
def test_a_command_loads_no_more_than_it_needs(commands: tuple[str, ...]) -> None:
    modules = [f"aurora_api.commands.{command}" for command in commands]
    assert loaded_by("aurora_api.commands.main", *modules) == set(NEEDED[commands])


def test_a_warehouse_that_is_up_to_date_is_opened_without_alembic(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURORA_DATABASE_URL", warehouse.url)
    module = "aurora_resources.warehouse.connection"
    assert loaded_by(module, then=f"with {module}.open_warehouse(migrated=True): pass") == set()


def test_help_tells_every_command_and_what_it_is_for() -> None:
    told = CliRunner(env={"COLUMNS": "160"}).invoke(app, ["--help"])
    assert told.exit_code == 0
    assert len(COMMANDS) == 16
    for name in COMMANDS:
        (line,) = (line for line in told.output.splitlines() if line.split()[1:2] == [name])
        command = load_command(name)
        assert command.help
        assert command.help.split("\n")[0] in line


def test_help_and_a_mistyped_command_load_no_command() -> None:
    for arguments in ("--help", "--version", "sandbax"):
        run = f"aurora_api.commands.main.app(['{arguments}'], standalone_mode=False)"
        code = f"import contextlib\nwith contextlib.suppress(Exception): {run}"
        loaded = modules_of("aurora_api.commands.main", then=code)
        ours = {name for name in loaded if name.startswith("aurora_api.commands.")}
        assert ours == {"aurora_api.commands.console", "aurora_api.commands.main"}
        assert not any(name.startswith(("aurora_assets", "aurora_sandbox", "psycopg")) for name in loaded)


def test_a_mistyped_command_is_answered_with_the_one_it_resembles() -> None:
    told = CliRunner().invoke(app, ["sandbax"])
    assert told.exit_code == 2
    assert "Did you mean 'sandbox'?" in told.output


def test_the_version_is_the_one_that_is_installed() -> None:
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.output) == (0, f"aurora {version('aurora')}\n")
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    assert version("aurora") == declared
