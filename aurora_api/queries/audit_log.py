"""The audit log: who did what, when, to which object, and its state before and after. Read-only here.

Whether the chain of its hashes is whole is checked by `aurora audit verify`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.queries.chains import read_ordinal
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal

_KEYSET: Final = Keyset("auditLog", {"sequence": int})


@strawberry.enum(description="DONE: it was done. REFUSED: a rule was in the way. FAILED: something broke.")
class AuditOutcome(StrEnum):
    """The outcome of an action."""

    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


@strawberry.type(
    description="One action, completed or attempted.", directives=requires(Capability.READ_AUDIT)
)
class AuditEntry(Node):
    """One entry."""

    sequence: Ordinal = strawberry.field(description="Sequential from 1 without gaps.")
    at: datetime = strawberry.field(description="UTC.")
    actor: str
    action: str = strawberry.field(description="Such as `statement.approve`.")
    object_type: str | None
    object_id: str | None
    partner_code: str | None
    outcome: AuditOutcome
    reason: str | None
    before: str | None = strawberry.field(
        description="The audited fields of the object before the action, as JSON."
    )
    after: str | None = strawberry.field(
        description="The audited fields of the object after the action, as JSON."
    )
    request_digest: str | None = strawberry.field(description="SHA-256 of the request's body, hexadecimal.")
    correlation_id: str | None
    hash: str = strawberry.field(description="Over this entry and the previous hash, hexadecimal.")


class _EntryRow(NamedTuple):
    sequence: int
    at: datetime
    actor: str
    action: str
    object_type: str | None
    object_id: str | None
    partner_code: str | None
    outcome: str
    reason: str | None
    before: str | None
    after: str | None
    request_digest: str | None
    correlation_id: str | None
    hash: str


@strawberry.input(description="Filters of the audit log; all given ones must match.")
class AuditFilter:
    """Filters of the audit log."""

    actor: str | None = None
    action: str | None = strawberry.field(
        default=None,
        description="An action such as `statement.approve`, or the prefix of several: `statement`.",
    )
    object_type: str | None = None
    object_id: str | None = None
    partner_code: str | None = None
    outcomes: list[AuditOutcome] | None = None
    correlation_id: str | None = None
    since: datetime | None = strawberry.field(default=None, description="Inclusive; with a time zone.")
    until: datetime | None = strawberry.field(default=None, description="Exclusive; with a time zone.")


async def resolve_audit_log(
    info: Info,
    filter: Annotated[AuditFilter | None, strawberry.argument(description="Null for all.")] = None,  # noqa: A002
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[AuditEntry]:
    """Entries, the newest first."""
    return await _read(info, filter or AuditFilter(), None, first, after)


async def find_audit_entry(info: Info, sequence: str) -> AuditEntry | None:
    """One entry; None when none is visible."""
    found = await _read(info, AuditFilter(), read_ordinal(sequence), 1, None)
    return found.edges[0].node if found.edges else None


async def _read(
    info: Info, asked: AuditFilter, sequence: int | None, first: int, after: str | None
) -> Connection[AuditEntry]:
    filters = {
        "actor": asked.actor,
        "action": asked.action,
        "object_type": asked.object_type,
        "object_id": asked.object_id,
        "partner_code": asked.partner_code,
        "outcomes": None if asked.outcomes is None else [each.value for each in asked.outcomes],
        "correlation_id": asked.correlation_id,
        "since": _moment(asked.since, "since"),
        "until": _moment(asked.until, "until"),
        "sequence": sequence,
    }
    page = _KEYSET.page(first, after, filters)
    rows = await info.context.reader.rows("access/audit.audit_page", _EntryRow, **filters, **page.parameters)
    return page.connection(rows, _entry)


def _moment(given: datetime | None, name: str) -> str | None:
    if given is None:
        return None
    if given.tzinfo is None:
        raise Problem(Code.INVALID_ARGUMENT, f"{name} has no zone; write it as 2026-01-31T00:00:00Z")
    return given.isoformat()


def _entry(row: _EntryRow) -> AuditEntry:
    return AuditEntry(
        id=node_id("AuditEntry", row.sequence),
        sequence=Ordinal(row.sequence),
        at=row.at,
        actor=row.actor,
        action=row.action,
        object_type=row.object_type,
        object_id=row.object_id,
        partner_code=row.partner_code,
        outcome=AuditOutcome(row.outcome),
        reason=row.reason,
        before=row.before,
        after=row.after,
        request_digest=row.request_digest,
        correlation_id=row.correlation_id,
        hash=row.hash,
    )


@strawberry.type
class AuditLogQueries:
    """The queries of this module, as root fields."""

    audit_log: Connection[AuditEntry] | None = strawberry.field(
        resolver=resolve_audit_log,
        description="The audit log, newest first.",
        directives=requires(Capability.READ_AUDIT),
    )
