"""`aurora agreement`: load agreements from a file, and list partners with every version.

Raises AgreementError for a file or a time that cannot be read.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from psycopg.rows import dict_row
from rich.table import Table

from aurora_api.commands.arguments import AsJson
from aurora_api.commands.audit import audit
from aurora_api.commands.console import console, print_json, to_json_value
from aurora_api.commands.migrate import open_read_only
from aurora_assets.agreements.file import read_agreement_file
from aurora_assets.agreements.store import load_agreements
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.connection import open_warehouse
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.registry import sync_registry

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Partners, wallets and agreements.")


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="A YAML file; see partners.yaml.")],
    *,
    check: Annotated[bool, typer.Option("--check", help="Only look for faults.")] = False,
) -> None:
    """Check a file and write what is new; loading it again changes nothing."""
    config = load_config()
    if check:
        chains = {chain.chain_id: chain for chain in config.chains}
        parsed = read_agreement_file(file, chains)
        console.print(f"{file}: {len(parsed.partners)} partners, no fault found")
        return
    with open_warehouse(migrated=True) as warehouse, warehouse.connect() as connection:
        sync_registry(connection, config)
        load_file(connection, config, file)


def load_file(connection: psycopg.Connection[Any], config: AuroraConfig, file: Path) -> None:
    """Load `file` in one transaction and print what changed. Raises AgreementError."""
    chains = {chain.chain_id: chain for chain in config.chains}
    loaded = load_agreements(connection, read_agreement_file(file, chains), chains)
    changes = {
        "partners": loaded.partners,
        "wallets": loaded.wallets,
        "agreement versions": loaded.versions,
        "agreements renamed or in another status": loaded.statuses,
    }
    summary = ", ".join(f"{count} {what}" for what, count in changes.items() if count)
    if summary:
        audit(connection, "agreements.load", "AgreementFile", file.name, after=changes)
    connection.commit()
    console.print(f"{file}: {summary or 'nothing new'}")


@app.command("list")
def list_agreements(
    *,
    as_of: Annotated[str | None, typer.Option(help="Only what was recorded by then (UTC).")] = None,
    as_json: AsJson = False,
) -> None:
    """Partners and every version of their agreements; the status is the current one."""
    moment = None if as_of is None else _parse_time(as_of)
    with (
        open_read_only("aurora-agreement") as warehouse,
        warehouse.connect() as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        rows = cursor.execute(
            read_query("registry/agreements.versions_by_partner"), {"recorded_until": moment}
        ).fetchall()
    if as_json:
        print_json([{name: to_json_value(_utc(value)) for name, value in row.items()} for row in rows])
        return
    title = "Agreements" if moment is None else f"Agreements as recorded until {_utc(moment)}"
    table = Table(title=title, title_justify="left")
    for head in ("partner", "agreement", "version", "status now", "valid from", "until", "recorded"):
        table.add_column(head)
    for row in rows:
        dates = (row["valid_from"], row["valid_until"], row["recorded_at"])
        table.add_row(
            row["partner"],
            row["agreement_id"] or "none",
            str(row["version"] or ""),
            row["status"],
            *("" if date is None else f"{_utc(date):%Y-%m-%d %H:%M}" for date in dates),
        )
    console.print(table)


def _parse_time(text: str) -> datetime:
    """A time with its zone: UTC if the text has none; a date means its start. Raises AgreementError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise AgreementError(
            f'"{text}" is not a time; write 2026-01-31 or 2026-01-31T12:00:00+00:00'
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
