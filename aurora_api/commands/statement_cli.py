"""`aurora statement ...` and `aurora override` as typed; the work is in `commands/`."""

from pathlib import Path
from typing import Annotated

import typer

from aurora_assets.commission.statement import StatementAction

statements = typer.Typer(no_args_is_help=True, help="Monthly statements: from a draft to paid, and as files.")

_Partner = Annotated[str, typer.Argument(help="A partner's code.")]
_Chain = Annotated[str, typer.Argument(help="A chain of chains.yaml.")]
_Month = Annotated[str, typer.Argument(help="A billing month, such as 2026-01.")]
_By = Annotated[str, typer.Option("--by", help="Who does it.")]
_Json = Annotated[bool, typer.Option("--json", help="As data.")]


@statements.command("list")
def statement_list(
    *,
    partner: Annotated[str | None, typer.Option(help="Only this partner's.")] = None,
    chain: Annotated[str | None, typer.Option(help="Only this chain's.")] = None,
    json: _Json = False,
) -> None:
    """Every statement, and a draft for every month with lines."""
    from aurora_api.commands import statement as command

    command.show_list(partner, chain, as_json=json)


@statements.command("show")
def statement_show(partner: _Partner, chain: _Chain, month: _Month, *, json: _Json = False) -> None:
    """Lines, corrections, totals; of a draft also what blocks it."""
    from aurora_api.commands import statement as command

    command.show(command.key_of_statement(partner, chain, month), as_json=json)


@statements.command("submit")
def statement_submit(partner: _Partner, chain: _Chain, month: _Month, *, by: _By) -> None:
    """Freeze a draft and ask for approval."""
    from aurora_api.commands import statement as command

    command.take(command.key_of_statement(partner, chain, month), StatementAction.SUBMIT, by)


@statements.command("approve")
def statement_approve(partner: _Partner, chain: _Chain, month: _Month, *, by: _By) -> None:
    """Approve what another person submitted."""
    from aurora_api.commands import statement as command

    command.take(command.key_of_statement(partner, chain, month), StatementAction.APPROVE, by)


@statements.command("release")
def statement_release(partner: _Partner, chain: _Chain, month: _Month, *, by: _By) -> None:
    """Give it a number and release it to the partner; from then on it never changes."""
    from aurora_api.commands import statement as command

    command.take(command.key_of_statement(partner, chain, month), StatementAction.RELEASE, by)


@statements.command("pay")
def statement_pay(partner: _Partner, chain: _Chain, month: _Month, *, by: _By) -> None:
    """Note that it was paid."""
    from aurora_api.commands import statement as command

    command.take(command.key_of_statement(partner, chain, month), StatementAction.PAY, by)


@statements.command("reopen")
def statement_reopen(partner: _Partner, chain: _Chain, month: _Month, *, by: _By) -> None:
    """Make it a draft again; not once it is released."""
    from aurora_api.commands import statement as command

    command.take(command.key_of_statement(partner, chain, month), StatementAction.REOPEN, by)


@statements.command("export")
def statement_export(
    partner: _Partner,
    chain: _Chain,
    month: _Month,
    *,
    csv: Annotated[Path | None, typer.Option(help="A CSV file to write.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="A PDF file to write.")] = None,
    signed: Annotated[Path | None, typer.Option(help="A file to write that `verify` checks.")] = None,
) -> None:
    """Write it to files; the same statement gives the same bytes."""
    from aurora_api.commands import statement as command

    command.export(command.key_of_statement(partner, chain, month), csv=csv, pdf=pdf, signed=signed)


@statements.command("verify")
def statement_verify(
    file: Annotated[Path, typer.Argument(help="A file that `export --signed` wrote.")],
    *,
    public_key: Annotated[str | None, typer.Option(help="The operator's key, as base64.")] = None,
) -> None:
    """Check digest, sums and signature of a file; needs no database."""
    from aurora_api.commands import statement as command

    command.verify(file, public_key)


def override(
    line: Annotated[str, typer.Argument(help="A line's id; `aurora statement show` lists them.")],
    *,
    reason: Annotated[str, typer.Option(help="Why.")],
    by: _By,
    amount: Annotated[str | None, typer.Option(help="What is owed instead, in native units.")] = None,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Let the computed amount count again.")
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Confirm what another person set, or a stale amount.")
    ] = False,
) -> None:
    """Set by hand what a line is owed."""
    from aurora_api.commands import override as command

    command.override(line, amount=amount, withdraw=withdraw, confirm=confirm, reason=reason, by=by)
