"""`aurora agreement load FILE` checks a file and writes what is new, `aurora agreement list` shows it all."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from rich.table import Table

from aurora_api.commands.audited import audit
from aurora_api.commands.console import console, print_json
from aurora_api.commands.read_only import open_read_only
from aurora_api.commands.serialization import to_json_value
from aurora_assets.agreements.file import read_agreement_file
from aurora_assets.agreements.store import load_agreements
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.connection import open_warehouse
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.registry import sync_registry


def load(file: Path, *, check: bool) -> None:
    """Load `file`; with `check` only say whether it could be."""
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
    """Load `file` in one transaction and say what changed. Raises AgreementError."""
    chains = {chain.chain_id: chain for chain in config.chains}
    loaded = load_agreements(connection, read_agreement_file(file, chains), chains)
    changes = {
        "partners": loaded.partners,
        "wallets": loaded.wallets,
        "agreement versions": loaded.versions,
        "agreements renamed or in another status": loaded.statuses,
    }
    told = ", ".join(f"{count} {what}" for what, count in changes.items() if count)
    if told:
        audit(connection, "agreements.load", "AgreementFile", file.name, after=changes)
    connection.commit()
    console.print(f"{file}: {told or 'nothing new'}")


def list_agreements(as_of: str | None, *, as_json: bool) -> None:
    """Every partner with the agreement versions recorded until `as_of`; without it all of them.

    The status is of now: it is not kept by time. Raises AgreementError for a time that cannot be read.
    """
    moment = None if as_of is None else _moment(as_of)
    with (
        open_read_only("aurora-agreement") as warehouse,
        warehouse.connect() as connection,
        connection.cursor(row_factory=dict_row) as cursor,
    ):
        rows = cursor.execute(read_query("api/agreements.sql"), {"recorded_until": moment}).fetchall()
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


def _moment(text: str) -> datetime:
    """A time with its zone; without one it is UTC, and a date alone is its beginning."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise AgreementError(
            f'"{text}" is not a time; write 2026-01-31 or 2026-01-31T12:00:00+00:00'
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
