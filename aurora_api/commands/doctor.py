"""`aurora doctor`: checks of configuration, database and providers, with the remedy where one fails."""

import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import anyio
import typer
from rich.table import Table

from aurora_api.commands.arguments import AsJson
from aurora_api.commands.console import console, print_json
from aurora_api.commands.environment import configuration_directory
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig, ChainSettings
from aurora_resources.errors import AuroraError
from aurora_resources.providers.wiring import chain_source, open_transport
from aurora_resources.records import ChainHead
from aurora_resources.warehouse.connection import open_warehouse
from aurora_resources.warehouse.migrations import current, newest


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its outcome."""

    name: str
    passed: bool
    detail: str


app = typer.Typer(add_completion=False)


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Check that everything is in place."""
    checks = list(_checks())
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        table = Table(show_header=False, box=None)
        for check in checks:
            table.add_row("[green]ok[/]" if check.passed else "[red]no[/]", check.name, check.detail)
        console.print(table)
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


def _checks() -> Iterator[Check]:
    yield Check("python", passed=True, detail=f"{platform.python_version()} at {sys.executable}")
    try:
        config = load_config()
        chains = ", ".join(chain.chain_id for chain in config.chains)
        yield Check("configuration", passed=True, detail=f"{configuration_directory()}: {chains}")
    except AuroraError as error:
        yield Check("configuration", passed=False, detail=str(error))
        return
    yield from _warehouse()
    for chain in config.chains:
        yield _providers(config, chain)


def _warehouse() -> Iterator[Check]:
    try:
        with open_warehouse() as warehouse:
            at, wanted = current(warehouse.url), newest()
            state = f"at {at or 'nothing'}, newest is {wanted}"
            if at != wanted:
                yield Check("migrations", passed=False, detail=f"{state}: run `aurora migrate`")
                return
            yield Check("migrations", passed=True, detail=state)
            with warehouse.connect() as connection:
                version = connection.execute("show server_version").fetchone()
            yield Check(
                "postgresql", passed=True, detail=f"{version[0] if version else '?'}, {warehouse.address}"
            )
    except AuroraError as error:
        yield Check("postgresql", passed=False, detail=str(error))


def _providers(config: AuroraConfig, chain: ChainSettings) -> Check:
    async def head() -> ChainHead:
        async with open_transport(config, chain) as transport:
            return await chain_source(chain).head(transport)

    try:
        found = anyio.run(head)
    except AuroraError as error:
        return Check(chain.chain_id, passed=False, detail=str(error))
    return Check(
        chain.chain_id, passed=True, detail=f"{chain.providers.rpc[0]} says period {found.current_period}"
    )
