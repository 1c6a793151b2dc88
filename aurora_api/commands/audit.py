"""`aurora audit`: verify the audit log; and the entry that a command appends for what it changed.

`verify` raises ConfigurationError for an anchor of another form, MigrationError when a migration is due.
"""

import getpass
import os
from typing import Annotated

import typer

from aurora_api.commands.arguments import AsJson
from aurora_api.commands.console import console, print_json
from aurora_api.commands.migrate import open_read_only
from aurora_resources.errors import ConfigurationError
from aurora_resources.warehouse.audit import AuditEntry, append_audit, verify_audit
from aurora_resources.warehouse.connection import DbConnection

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The audit log: who changed what."""


@app.command("verify")
def verify(
    *,
    anchor: Annotated[
        str | None, typer.Option(help="number:hash of a row, as an earlier call printed it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Prove that no row of the audit log was edited, removed or inserted; exit status 1 if one was."""
    expected = None if anchor is None else read_anchor(anchor)
    with open_read_only("aurora audit") as warehouse, warehouse.connect() as connection:
        verdict = verify_audit(connection, expected)
    head = f"{verdict.sequence}:{verdict.head_hash.hex()}"
    if as_json:
        faults = [{"row": fault.sequence, "message": fault.message} for fault in verdict.faults]
        print_json({"intact": verdict.intact, "rows": verdict.row_count, "head": head, "faults": faults})
    else:
        for fault in verdict.faults:
            console.print(fault.message, markup=False, highlight=False, soft_wrap=True)
        outcome = "none was edited, removed or inserted" if verdict.intact else "THE LOG WAS TOUCHED"
        console.print(f"{verdict.row_count} rows: {outcome}", highlight=False)
        # Somebody who can rewrite the whole log can do so consistently; a head kept elsewhere reveals it.
        console.print(
            f"head {head} (keep it elsewhere, and pass it as --anchor)", soft_wrap=True, highlight=False
        )
    if not verdict.intact:
        raise typer.Exit(1)


def read_anchor(text: str) -> tuple[int, bytes]:
    """Row number and hash of `number:hash`. Raises ConfigurationError for text of another form."""
    number, _, digest = text.partition(":")
    try:
        return int(number), bytes.fromhex(digest)
    except ValueError:
        raise ConfigurationError(
            f"--anchor {text}: write it as aurora audit verify prints the head, number:hash"
        ) from None


def audit(
    session: DbConnection,
    action: str,
    object_type: str,
    object_id: str,
    *,
    by: str | None = None,
    reason: str | None = None,
    before: object = None,
    after: object = None,
    partner_id: int | None = None,
) -> None:
    """Append one row for what a command changed, as the last statement of the same transaction.

    The actor is the system user, preceded by `by`, the name given on the command line, if any.
    """
    command_line = f"command line: {system_user()}"
    entry = AuditEntry(
        actor=command_line if by is None else f"{by} ({command_line})",
        action=action,
        object_type=object_type,
        object_id=object_id,
        reason=reason,
        before=before,
        after=after,
        partner_id=partner_id,
    )
    append_audit(session, entry)


def system_user() -> str:
    """The name of the operating system's user, or `uid N` for a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
