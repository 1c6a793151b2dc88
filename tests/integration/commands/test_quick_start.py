"""The command line starts without the libraries that take long to load and that only some commands need."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from aurora_api.commands.main import app
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
    code = f"import sys, {', '.join(modules)}\n{then}\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()} & set(SLOW)


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
    group = typer.main.get_command(app)
    told = CliRunner(env={"COLUMNS": "160"}).invoke(app, ["--help"])
    assert told.exit_code == 0
    assert isinstance(group, typer.core.TyperGroup)
    assert len(group.commands) == 16
    for name, command in group.commands.items():
        (line,) = (line for line in told.output.splitlines() if line.split()[1:2] == [name])
        assert command.help
        assert command.help.split("\n")[0] in line
