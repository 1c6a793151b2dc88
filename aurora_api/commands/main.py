"""The `aurora` command: what can be typed and how an error is shown; the work is in `commands/`.

What a command needs is imported when it runs: Dagster, the GraphQL schema and Alembic take seconds to load,
and only few commands need them.
"""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import psycopg
import stamina.instrumentation
import typer

from aurora_api.commands.access_cli import audit, users
from aurora_api.commands.console import complaints, console
from aurora_api.commands.statement_cli import override, statements
from aurora_resources.errors import AuroraError
from aurora_sandbox.solana.cast import WorldSpec

_SPEC = WorldSpec()

Chain = Annotated[str, typer.Argument(help="A chain of chains.yaml.")]
First = Annotated[int, typer.Option("--from", help="First period.")]
Last = Annotated[int, typer.Option("--to", help="Last period, inclusive.")]
AsJson = Annotated[bool, typer.Option("--json", help="As data.")]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What did each validator earn, what do we owe whom, and can you prove it?",
)
agreements = typer.Typer(no_args_is_help=True, help="Partners, wallets and agreements.")
app.add_typer(agreements, name="agreement")
app.add_typer(statements, name="statement")
app.add_typer(users, name="user")
app.add_typer(audit, name="audit")
app.command()(override)


@app.command()
def demo() -> None:
    """Show the whole way on the sandbox: raw responses, P&L, a partner's statement."""
    from aurora_api.commands import demo as command

    command.demo()


@app.command()
def up(
    *,
    dagster_port: Annotated[int, typer.Option(help="Port of Dagster's user interface.")] = 3000,
    api_port: Annotated[int, typer.Option(help="Port of the GraphQL service.")] = 8000,
    sandbox_port: Annotated[int, typer.Option(help="Port of the sandbox, if one is needed.")] = 8900,
) -> None:
    """Run everything: database, sandbox (unless real providers are configured), Dagster, GraphQL."""
    from aurora_api.commands import up as command

    command.up(dagster_port=dagster_port, api_port=api_port, sandbox_port=sandbox_port)


@app.command()
def migrate(
    *,
    to: Annotated[str, typer.Option(help="Revision, `head`, or `base` to remove everything.")] = "head",
    down: Annotated[bool, typer.Option("--down", help="Go back to the revision.")] = False,
) -> None:
    """Bring the warehouse's tables up to date."""
    from aurora_resources.warehouse.connection import open_warehouse
    from aurora_resources.warehouse.migrations import downgrade
    from aurora_resources.warehouse.migrations import migrate as run_migrations
    from aurora_resources.warehouse.revisions import current

    with open_warehouse() as warehouse:
        (downgrade if down else run_migrations)(warehouse.url, to)
        console.print(f"{warehouse.address} is at {current(warehouse.url) or 'nothing'}")


@app.command()
def sandbox(
    *,
    host: str = "127.0.0.1",
    port: int = 8900,
    world: Annotated[
        Path | None, typer.Option(help="A world file, or an end-of-epoch snapshot; see docs/sandbox.md.")
    ] = None,
    recording: Annotated[Path | None, typer.Option(help="A folder with exchanges.jsonl to replay.")] = None,
    record: Annotated[Path | None, typer.Option(help="A folder to record into.")] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="A fault, such as rpc:rate_limited:times=2; may be repeated.")
    ] = None,
    seed: int = _SPEC.seed,
    validators: int = _SPEC.validators,
    stakers: int = _SPEC.stakers,
    first_epoch: int = _SPEC.first_epoch,
    epochs: int = _SPEC.epochs,
    slots_per_epoch: int = _SPEC.slots_per_epoch,
) -> None:
    """Speak every provider's wire format on one port."""
    from aurora_api.commands import sandbox as command

    spec = WorldSpec(seed, validators, stakers, first_epoch, epochs, slots_per_epoch)
    command.sandbox(host, port, world, recording, record, fault or [], spec)


@app.command()
def backfill(
    chain: Chain,
    *,
    first: First,
    last: Last,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask again what is settled, too.")] = False,
) -> None:
    """Ask, normalise, compute and book a range of periods in one run."""
    from aurora_api.commands import backfill as command

    command.backfill(chain, first, last, refresh=refresh)


@app.command()
def api(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: Annotated[
        int, typer.Option(min=1, help="How many processes answer; as many as there are processors to use.")
    ] = 1,
) -> None:
    """Answer GraphQL; `aurora up` does this, too."""
    from aurora_api.commands import api as command

    command.api(host, port, workers)


@app.command()
def doctor(*, json: AsJson = False) -> None:
    """Look whether everything is in place."""
    from aurora_api.commands import doctor as command

    if not command.doctor(as_json=json):
        raise typer.Exit(1)


@app.command()
def recompute(
    chain: Chain,
    *,
    first: First,
    last: Last,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    json: AsJson = False,
) -> None:
    """Show what lines change under facts and agreements as they are now, and book it."""
    from aurora_api.commands import recompute as command

    command.recompute(chain, first, last, plan_only=plan, as_json=json)


@app.command()
def simulate(
    file: Annotated[Path, typer.Argument(help="An agreement draft, as in partners.yaml.")],
    chain: Chain,
    *,
    first: First,
    last: Last,
    json: AsJson = False,
) -> None:
    """Show what a draft would have paid in booked periods; nothing is booked."""
    from aurora_api.commands import simulate as command

    command.simulate(file, chain, first, last, as_json=json)


@app.command()
def verify(chain: Chain, *, first: First, last: Last, json: AsJson = False) -> None:
    """Replay from the staged responses and compare every row with what is booked; 1 if anything differs."""
    from aurora_api.commands import verify as command

    if not command.verify(chain, first, last, as_json=json):
        raise typer.Exit(1)


@app.command()
def explain(
    line: Annotated[str, typer.Argument(help="A line's id, or its first 8 hexadecimal digits or more.")],
    *,
    show_all: Annotated[bool, typer.Option("--all", help="Every wallet, account and response.")] = False,
    json: AsJson = False,
) -> None:
    """Show the way of a number: line, rule, P&L, facts, and the responses with their SHA-256."""
    from aurora_api.commands import explain as command

    command.explain(line, show_all=show_all, as_json=json)


@agreements.command("load")
def agreement_load(
    file: Annotated[Path, typer.Argument(help="A YAML file; see partners.yaml.")],
    *,
    check: Annotated[bool, typer.Option("--check", help="Only look for faults.")] = False,
) -> None:
    """Check a file and write what is new; loading it again changes nothing."""
    from aurora_api.commands import agreement as command

    command.load(file, check=check)


@agreements.command("list")
def agreement_list(
    *,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Only what was recorded by then (UTC)."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Partners and every version of their agreements; the status is of now."""
    from aurora_api.commands import agreement as command

    command.list_agreements(as_of, as_json=json)


def main() -> None:
    """Run the command line: an error a person can mend is shown as a message, not as a traceback."""
    # The client logs its own retries; a second line for each would be noise.
    stamina.instrumentation.set_on_retry_hooks([])
    try:
        app()
    except AuroraError as error:
        _complain(str(error))
    except psycopg.OperationalError as error:
        _complain(f"PostgreSQL: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _complain(message: str) -> NoReturn:
    # As it stands: a message may hold brackets, and a line broken to a width cannot be searched for.
    complaints.print("[red]aurora:[/]", end=" ")
    complaints.print(message, markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)
