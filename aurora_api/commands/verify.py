"""`aurora verify CHAIN --from A --to B`: replay the staged responses and compare, to the last unit.

Prints every value that differs from its replay; `aurora_assets.pipeline.replay` finds them.

Raises PeriodError and ConfigurationError; ends with exit status 1 when anything differs.
"""

from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from aurora_api.commands.arguments import AsJson, Chain, First, Last
from aurora_api.commands.console import console, print_json, to_json_value
from aurora_api.commands.migrate import open_read_only
from aurora_assets.pipeline.chain_run import chain_run
from aurora_assets.pipeline.discrepancy import Discrepancy
from aurora_assets.pipeline.replay import Verification
from aurora_assets.pipeline.replay import verify as replay_and_compare
from aurora_resources.config.files import load_config

app = typer.Typer(add_completion=False)


@app.command()
def verify(chain: Chain, *, first: First, last: Last, as_json: AsJson = False) -> None:
    """Replay the staged responses and compare every row with what is booked; 1 if anything differs."""
    settings = load_config().chain(chain)
    with open_read_only("aurora-verify") as warehouse:
        run = chain_run(warehouse, settings, "verify")
        result = replay_and_compare(run, first, last)
    if as_json:
        print_json(as_data(result))
    else:
        _show(result)
    if not result.equal:
        raise typer.Exit(1)


def as_data(result: Verification) -> dict[str, Any]:
    """The result as JSON; amounts are whole numbers of native units."""
    return {
        "chain": result.chain_id,
        "periods": result.periods,
        "equal": result.equal,
        "compared": dict(result.compared),
        "differences": [
            {
                "period": found.period_id,
                "table": found.table,
                "key": {name: to_json_value(value) for name, value in found.key.items()},
                "column": found.column,
                "booked": to_json_value(found.booked),
                "replayed": to_json_value(found.replayed),
            }
            for found in result.discrepancies
        ],
        "left_off": result.left_off,
    }


def _show(result: Verification) -> None:
    periods = f"{result.periods[0]} to {result.periods[-1]}" if result.periods else "no period"
    table = Table(title=f"{result.chain_id}, periods {periods}: replayed rows", title_justify="left")
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, count in result.compared.items():
        table.add_row(name, f"{count:,}")
    console.print(table)
    if result.equal:
        console.print("[green]Equal:[/] every row is what its staged responses give.")
        return
    console.print(_differences(result.discrepancies))
    more = f", and {result.left_off:,} more rows that are not listed" if result.left_off else ""
    console.print(f"[red]{len(result.discrepancies):,} values differ[/]{more}.")


def _differences(found: list[Discrepancy]) -> Table:
    table = Table(title="Booked, and what the replay gives", title_justify="left", show_lines=True)
    for head in ("period", "table", "row", "column", "booked", "replayed"):
        table.add_column(head, overflow="fold")
    for one in found:
        key = "\n".join(f"{name} {_text(value)}" for name, value in one.key.items())
        cells = (one.table, key, one.column, _text(one.booked), _text(one.replayed))
        table.add_row(str(one.period_id), *map(escape, cells))
    return table


def _text(value: object) -> str:
    plain = to_json_value(value)
    if isinstance(plain, int) and not isinstance(plain, bool):
        return f"{plain:,}"
    return "—" if plain is None else str(plain)
