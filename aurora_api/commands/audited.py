"""What a command changed, noted in the audit log in the same transaction; the API notes its own deeds."""

import getpass
import os

from aurora_resources.warehouse.audit import AuditEntry, append_audit
from aurora_resources.warehouse.connection import DbConnection


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
    """Append one row, as the transaction's last statement. `by` is who the command was told does it."""
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
    """Who runs the command, as the system knows them: their name, or number where they have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
