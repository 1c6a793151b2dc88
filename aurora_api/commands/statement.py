"""`aurora statement ...`: monthly statements listed, shown, taken from DRAFT to PAID, written to a file."""

from datetime import date
from pathlib import Path
from typing import Any

from rich.table import Table

from aurora_api.commands.audited import audit
from aurora_api.commands.console import console, print_json
from aurora_assets.commission.statement import StatementAction, StatementError, StatementKey
from aurora_assets.statements.csv_file import rate_text, statement_csv
from aurora_assets.statements.signature import (
    KEY_VARIABLE,
    public_key_text,
    signing_key,
    statement_file,
    verify_file,
)
from aurora_assets.statements.store import StatementView, act, list_statements, view_statement
from aurora_resources.units import format_amount
from aurora_resources.warehouse.connection import open_warehouse

_PLACES = 6


def key_of_statement(partner: str, chain_id: str, month: str) -> StatementKey:
    """The place as typed; `month` is `2026-01`. Raises StatementError for anything else."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise StatementError(f'"{month}" is not a month; write it as 2026-01') from None
    return StatementKey(partner, chain_id, first)


def show_list(partner: str | None, chain_id: str | None, *, as_json: bool) -> None:
    """Every statement and draft, narrowed to a partner or a chain."""
    with open_warehouse(migrated=True) as warehouse, warehouse.connect() as connection:
        rows = list_statements(connection, partner, chain_id)
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
            *(format_amount(amount, row.native_decimals, places=_PLACES) for amount in amounts),
            row.display_unit,
        )
    console.print(table)


def show(place: StatementKey, *, as_json: bool) -> None:
    """One statement: lines, corrections, totals, and for a draft what blocks it."""
    with open_warehouse(migrated=True) as warehouse, warehouse.connect() as connection:
        view = view_statement(connection, place)
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


def take(place: StatementKey, action: StatementAction, by: str) -> None:
    """Submit, approve, release, pay or reopen it, and say what it is now."""
    with open_warehouse(migrated=True) as warehouse, warehouse.transaction() as connection:
        view = act(connection, place, action, by)
        said = {
            "status": view.record.status.value,
            "number": view.record.number,
            "sha256": view.content.sha256.hex(),
            "payable": str(view.content.document["totals"]["payable"]),
        }
        audit(connection, f"statement.{action}", "Statement", str(place), by=by, after=said)
    document, record = view.content.document, view.record
    payable = _coins(document, document["totals"]["payable"])
    number = "" if record.number is None else f", number {record.number}"
    console.print(
        f"{place} is {record.status}{number}: payable {payable} {document['chain']['display_unit']}"
    )
    console.print(f"SHA-256 {view.content.sha256.hex()}", soft_wrap=True)


def export(
    place: StatementKey, *, csv: Path | None = None, pdf: Path | None = None, signed: Path | None = None
) -> None:
    """Write it to the files that are named. `signed` is for `verify`. Raises StatementError for none."""
    if csv is None and pdf is None and signed is None:
        raise StatementError("say at least one of --csv, --pdf and --signed, and a file")
    key = None if signed is None else signing_key()
    with open_warehouse(migrated=True) as warehouse, warehouse.connect() as connection:
        view = view_statement(connection, place)
    if csv is not None:
        _write(csv, statement_csv(view))
    if pdf is not None:
        # Only here: the library takes its time to load.
        from aurora_assets.statements.pdf_file import statement_pdf

        _write(pdf, statement_pdf(view))
    if signed is not None:
        _write(signed, statement_file(view, key))
        if key is None or view.record.number is None:
            _say(f"not signed: {f'{KEY_VARIABLE} is not set' if key is None else 'it is not released'}")
        else:
            _say(f"signed; partners verify it with the public key {public_key_text(key)}")


def verify(file: Path, public_key: str | None) -> None:
    """Check a file that `export --signed` wrote; needs no warehouse. Raises StatementError if it is wrong."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StatementError(f"{file}: {error.strerror}") from None
    found = verify_file(data, public_key)
    document = found.document
    number = "draft" if found.number is None else f"statement {found.number}"
    payable = f"{_coins(document, document['totals']['payable'])} {document['chain']['display_unit']}"
    _say(f"{number} to {document['partner']['name']}, {document['billing_month']}: payable {payable}")
    _say(f"SHA-256 {found.sha256}: right, and every total is the sum of its parts")
    if found.signed_by is None:
        _say("It is not signed: nobody vouches for it.")
    elif found.known:
        _say(f"Signed by {found.signed_by}, the key you trust.")
    else:
        _say(f"Signed by {found.signed_by}; ask the operator whether that is its key, or give --public-key.")


def _write(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    _say(f"{file}: {len(data):,} bytes")


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
    _print_words(view)


def _print_words(view: StatementView) -> None:
    document, unit = view.content.document, view.content.document["chain"]["display_unit"]
    for period in document["periods"]:
        for line in period["lines"]:
            if line["override_reason"] is not None:
                _say(
                    f"* {line['line_id']} set by hand, computed {line['computed']}: {line['override_reason']}"
                )
    for item in document["true_ups"]:
        _say(
            f"correction {_coins(document, item['difference'])} {unit}: period {item['period_id']} "
            f"{item['rule_id']} {item['line_id']}: {item['cause']}"
        )
    for name, amount in document["totals"].items():
        _say(f"{name.replace('_', ' '):<16}{_coins(document, amount):>24} {unit}")
    _say(f"SHA-256 {view.content.sha256.hex()}")
    record = view.record
    people = (
        ("submitted", record.prepared_by, record.submitted_at),
        ("approved", record.approved_by, record.approved_at),
        ("released", record.released_by, record.released_at),
        ("paid", record.paid_by, record.paid_at),
    )
    for step, who, when in people:
        if who is not None:
            _say(f"{step} by {who}, {when:%Y-%m-%d %H:%M %Z}")
    for blocker in view.blockers:
        _say(f"blocked: {blocker}")
    for left in view.left_alone:
        _say(f"not corrected yet: {left}")


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _coins(document: Any, amount: str) -> str:  # noqa: ANN401 - JSON
    return format_amount(int(amount), document["chain"]["native_decimals"])


def _text(amount: int | None) -> str | None:
    return None if amount is None else str(amount)
