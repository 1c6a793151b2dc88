"""`aurora statement`: list and show monthly statements, move them from DRAFT to PAID, write them to files.

Every command raises StatementError for a statement, a month or a step that is not possible.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer
from rich.table import Table

from aurora_api.commands.arguments import AsJson, By, Chain
from aurora_api.commands.audit import audit
from aurora_api.commands.console import console, print_json
from aurora_assets.commission.statement import StatementAction, StatementError, StatementKey
from aurora_assets.statements.content import TOTALS
from aurora_assets.statements.csv_file import rate_text, statement_csv
from aurora_assets.statements.signature import (
    KEY_VARIABLE,
    public_key_text,
    signing_key,
    statement_file,
    verify_file,
)
from aurora_assets.statements.store import StatementView, apply_action, list_statements, view_statement
from aurora_resources.units import format_amount
from aurora_resources.warehouse.connection import open_warehouse

Partner: TypeAlias = Annotated[str, typer.Argument(help="A partner's code.")]
Month: TypeAlias = Annotated[str, typer.Argument(help="A billing month, such as 2026-01.")]

_DECIMALS: Final = 6

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Monthly statements: from a draft to paid, and as files.",
)


def key_of_statement(partner: str, chain_id: str, month: str) -> StatementKey:
    """The statement's key; `month` is written `2026-01`. Raises StatementError for anything else."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise StatementError(f'"{month}" is not a month; write it as 2026-01') from None
    return StatementKey(partner, chain_id, first)


@app.command("list")
def show_list(
    *,
    partner: Annotated[str | None, typer.Option(help="Only this partner's.")] = None,
    chain: Annotated[str | None, typer.Option(help="Only this chain's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every statement, and a draft for every month with lines."""
    with open_warehouse(migrated=True) as warehouse, warehouse.connect() as connection:
        rows = list_statements(connection, partner, chain)
    if as_json:
        print_json(
            [
                {
                    "partner": row.partner,
                    "chain": row.chain_id,
                    "month": f"{row.month:%Y-%m}",
                    "status": row.status,
                    "number": row.number,
                    "total": _text(row.total),
                    "payable": _text(row.payable),
                    "closing_balance": _text(row.closing_balance),
                }
                for row in rows
            ]
        )
        return
    table = Table("partner", "chain", "month", "status", "number")
    for head in ("total", "payable", "carried", "coin"):
        table.add_column(head, justify="right")
    for row in rows:
        amounts = (row.total, row.payable, row.closing_balance)
        number = "" if row.number is None else str(row.number)
        table.add_row(
            row.partner,
            row.chain_id,
            f"{row.month:%Y-%m}",
            row.status,
            number,
            *(format_amount(amount, row.native_decimals, places=_DECIMALS) for amount in amounts),
            row.display_unit,
        )
    console.print(table)


@app.command()
def show(partner: Partner, chain: Chain, month: Month, *, as_json: AsJson = False) -> None:
    """Lines, corrections, totals; of a draft also what blocks it."""
    key = key_of_statement(partner, chain, month)
    with open_warehouse(migrated=True) as warehouse, warehouse.connect() as connection:
        view = view_statement(connection, key)
    if as_json:
        print_json(
            {
                "status": view.record.status.value,
                "number": view.record.number,
                "sha256": view.content.sha256.hex(),
                "blockers": view.blockers,
                "left_alone": view.left_alone,
                "content": view.content.document,
            }
        )
        return
    _print(view)


@app.command()
def submit(partner: Partner, chain: Chain, month: Month, *, by: By) -> None:
    """Freeze a draft and ask for approval."""
    _transition(key_of_statement(partner, chain, month), StatementAction.SUBMIT, by)


@app.command()
def approve(partner: Partner, chain: Chain, month: Month, *, by: By) -> None:
    """Approve what another person submitted."""
    _transition(key_of_statement(partner, chain, month), StatementAction.APPROVE, by)


@app.command()
def release(partner: Partner, chain: Chain, month: Month, *, by: By) -> None:
    """Give it a number and release it to the partner; from then on it never changes."""
    _transition(key_of_statement(partner, chain, month), StatementAction.RELEASE, by)


@app.command()
def pay(partner: Partner, chain: Chain, month: Month, *, by: By) -> None:
    """Record that it was paid."""
    _transition(key_of_statement(partner, chain, month), StatementAction.PAY, by)


@app.command()
def reopen(partner: Partner, chain: Chain, month: Month, *, by: By) -> None:
    """Make it a draft again; not possible once it is released."""
    _transition(key_of_statement(partner, chain, month), StatementAction.REOPEN, by)


def _transition(key: StatementKey, action: StatementAction, by: str) -> None:
    with open_warehouse(migrated=True) as warehouse, warehouse.transaction() as connection:
        view = apply_action(connection, key, action, by)
        after = {
            "status": view.record.status.value,
            "number": view.record.number,
            "sha256": view.content.sha256.hex(),
            "payable": str(view.content.document["totals"]["payable"]),
        }
        audit(connection, f"statement.{action}", "Statement", str(key), by=by, after=after)
    document, record = view.content.document, view.record
    payable = _coins(document, document["totals"]["payable"])
    number = "" if record.number is None else f", number {record.number}"
    console.print(f"{key} is {record.status}{number}: payable {payable} {document['chain']['display_unit']}")
    console.print(f"SHA-256 {view.content.sha256.hex()}", soft_wrap=True)


@app.command()
def export(
    partner: Partner,
    chain: Chain,
    month: Month,
    *,
    csv: Annotated[Path | None, typer.Option(help="A CSV file to write.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="A PDF file to write.")] = None,
    signed: Annotated[Path | None, typer.Option(help="A file to write that `verify` checks.")] = None,
) -> None:
    """Write it to files; the same statement gives the same bytes."""
    if csv is None and pdf is None and signed is None:
        raise StatementError("say at least one of --csv, --pdf and --signed, and a file")
    key = key_of_statement(partner, chain, month)
    secret = None if signed is None else signing_key()
    with open_warehouse(migrated=True) as warehouse, warehouse.connect() as connection:
        view = view_statement(connection, key)
    if csv is not None:
        _write(csv, statement_csv(view))
    if pdf is not None:
        # Imported here: the library is slow to load.
        from aurora_assets.statements.pdf_file import statement_pdf

        _write(pdf, statement_pdf(view))
    if signed is not None:
        _write(signed, statement_file(view, secret))
        if secret is None or view.record.number is None:
            _print_text(
                f"not signed: {f'{KEY_VARIABLE} is not set' if secret is None else 'it is not released'}"
            )
        else:
            _print_text(f"signed; partners verify it with the public key {public_key_text(secret)}")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A file that `export --signed` wrote.")],
    *,
    public_key: Annotated[str | None, typer.Option(help="The operator's key, as base64.")] = None,
) -> None:
    """Check digest, sums and signature of a file; needs no database."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StatementError(f"{file}: {error.strerror}") from None
    found = verify_file(data, public_key)
    document = found.document
    number = "draft" if found.number is None else f"statement {found.number}"
    payable = f"{_coins(document, document['totals']['payable'])} {document['chain']['display_unit']}"
    _print_text(f"{number} to {document['partner']['name']}, {document['billing_month']}: payable {payable}")
    _print_text(f"SHA-256 {found.sha256}: right, and every total is the sum of its parts")
    if found.signed_by is None:
        _print_text("It is not signed: its origin is not proven.")
    elif found.known:
        _print_text(f"Signed by {found.signed_by}, the key you trust.")
    else:
        _print_text(
            f"Signed by {found.signed_by}; ask the operator whether that is its key, or give --public-key."
        )


def _write(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    _print_text(f"{file}: {len(data):,} bytes")


def _print(view: StatementView) -> None:
    document, record = view.content.document, view.record
    unit = document["chain"]["display_unit"]
    number = "" if record.number is None else f", number {record.number}"
    title = f"{document['partner']['name']}, {document['billing_month']}, {record.status}{number} ({unit})"
    table = Table(title=title, title_justify="left")
    for head in ("period", "rule", "validator", "component"):
        table.add_column(head)
    for head in ("base", "rate", "amount"):
        table.add_column(head, justify="right")
    table.add_column("line")
    for period in document["periods"]:
        for line in period["lines"]:
            hand = "" if line["override_reason"] is None else " *"
            table.add_row(
                str(period["period_id"]),
                line["rule_id"],
                line["validator_name"] or line["validator_key"] or "(guarantee)",
                line["component"],
                _coins(document, line["base"]),
                rate_text(line["trace"]),
                _coins(document, line["amount"]) + hand,
                line["line_id"],
            )
    console.print(table)
    _print_details(view)


def _print_details(view: StatementView) -> None:
    document, unit = view.content.document, view.content.document["chain"]["display_unit"]
    for period in document["periods"]:
        for line in period["lines"]:
            if line["override_reason"] is not None:
                _print_text(
                    f"* {line['line_id']} set by hand, computed {line['computed']}: {line['override_reason']}"
                )
    for item in document["true_ups"]:
        _print_text(
            f"correction {_coins(document, item['difference'])} {unit}: period {item['period_id']} "
            f"{item['rule_id']} {item['line_id']}: {item['cause']}"
        )
    for name in TOTALS:
        amount = _coins(document, document["totals"][name])
        _print_text(f"{name.replace('_', ' '):<16}{amount:>24} {unit}")
    _print_text(f"SHA-256 {view.content.sha256.hex()}")
    record = view.record
    people = (
        ("submitted", record.prepared_by, record.submitted_at),
        ("approved", record.approved_by, record.approved_at),
        ("released", record.released_by, record.released_at),
        ("paid", record.paid_by, record.paid_at),
    )
    for step, who, when in people:
        if who is not None:
            _print_text(f"{step} by {who}, {when:%Y-%m-%d %H:%M %Z}")
    for blocker in view.blockers:
        _print_text(f"blocked: {blocker}")
    for left in view.left_alone:
        _print_text(f"not corrected yet: {left}")


def _print_text(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _coins(document: Any, amount: str) -> str:  # noqa: ANN401 - JSON
    return format_amount(int(amount), document["chain"]["native_decimals"])


def _text(amount: int | None) -> str | None:
    return None if amount is None else str(amount)
