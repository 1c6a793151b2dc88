"""The `aurora` command: its commands, each in a module of its own that is loaded when the command is used.

Help and a mistyped command load none of them: Dagster, the GraphQL schema and Alembic take seconds to load,
and only a few commands need them.
"""

import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final, NoReturn

import stamina.instrumentation
import typer
from typer.core import TyperCommand, TyperGroup

from aurora_api.commands.console import error_console
from aurora_resources.errors import AuroraError

COMMANDS: Final = {
    "demo": "Run the whole pipeline on the sandbox: raw responses, P&L, a partner's statement.",
    "up": "Run everything: database, sandbox (unless real providers are configured), Dagster, GraphQL.",
    "backfill": "Fetch, normalize, compute and book a range of periods in one run.",
    "verify": "Replay the staged responses and compare every row with what is booked; 1 if anything differs.",
    "explain": "Trace an amount: line, rule, P&L, facts, and the responses with their SHA-256.",
    "statement": "Monthly statements: from a draft to paid, and as files.",
    "override": "Set the amount of a commission line by hand.",
    "recompute": "Show which lines change under current facts and agreements, and book the changes.",
    "simulate": "Show what a draft agreement would have paid in booked periods; nothing is booked.",
    "agreement": "Partners, wallets and agreements.",
    "doctor": "Check that everything is in place.",
    "migrate": "Bring the warehouse's tables up to date.",
    "sandbox": "Serve every provider's wire format on one port.",
    "api": "Serve GraphQL; `aurora up` does this, too.",
    "user": "Users and how they sign in.",
    "audit": "The audit log: who changed what.",
}
"""Every command with the help line of `aurora --help`; `aurora_api.commands.<name>` has an `app` for it."""


class _LazyCommands(TyperGroup):
    """Lists `COMMANDS` without loading their modules, and loads the one that is called."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's own keywords
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=line) for name, line in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - Typer's copy of Click is private
        """The command that `args` begin with, loaded, and its own arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load_command(name), rest


def load_command(name: str) -> Any:  # noqa: ANN401 - Typer's copy of Click is private
    """The command of this name, with its module loaded. Raises ImportError for another name."""
    return typer.main.get_command(import_module(f"aurora_api.commands.{name}").app)


app = typer.Typer(
    cls=_LazyCommands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What did each validator earn, what do we owe whom, and can you prove it?",
)


def _print_version(requested: bool) -> None:  # noqa: FBT001 - Typer calls it with the option's value
    if requested:
        typer.echo(f"aurora {version('aurora')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Options of `aurora` itself."""


def main() -> None:
    """Run the command line; an expected error is printed as a message without a traceback, exit status 1."""
    # The HTTP client logs its own retries; a second line for each would be noise.
    stamina.instrumentation.set_on_retry_hooks([])
    try:
        app()
    except AuroraError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        import psycopg

        if not isinstance(error, psycopg.OperationalError):
            raise
        _fail(f"PostgreSQL: {error}")


def _fail(message: str) -> NoReturn:
    # Unformatted: a message may contain brackets, and a wrapped line cannot be searched for.
    error_console.print("[red]aurora:[/]", end=" ")
    error_console.print(message, markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)
