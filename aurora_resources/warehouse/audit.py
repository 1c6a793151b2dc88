"""The audit log: one row a change, each chained to the one before by its hash, and the proof of the chain.

A row is written by `access.append_audit` in the database, for every actor; nobody may write, change or remove
one otherwise. The hash is computed again here, from the row as it stands, so that the proof trusts no
function of the database. What is noted, and by whom, is the callers' business.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from psycopg.types.json import Jsonb

from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query

NO_HASH: Final = bytes(32)
"""What stands before the first row."""

_ROWS_AT_ONCE: Final = 2000
_FAULTS_TOLD: Final = 100


class Outcome(StrEnum):
    """How a change ended: done, refused with a reason for the caller, or failed by a fault of the system."""

    DONE = "DONE"
    REFUSED = "REFUSED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. `before` and `after` are JSON values, amounts in them texts of native units."""

    actor: str
    action: str
    object_type: str | None = None
    object_id: str | None = None
    outcome: str = Outcome.DONE
    reason: str | None = None
    before: object = None
    after: object = None
    partner_id: int | None = None
    user_id: int | None = None
    request_digest: bytes | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of the chain."""

    sequence: int
    message: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What was found: how many rows, the last one's number and hash, and the first faults of the chain.

    Who writes down `sequence` and `head_hash` elsewhere can later prove that all rows up to there are the
    same: pass them as `anchor`.
    """

    row_count: int
    sequence: int
    head_hash: bytes
    faults: tuple[Fault, ...] = field(default=())

    @property
    def intact(self) -> bool:
        """Whether no row was edited, removed or inserted."""
        return not self.faults


def append_audit(connection: DbConnection, entry: AuditEntry) -> int:
    """Write one row in the caller's transaction and return its number.

    Others who write wait until that transaction has ended, so this is its last statement. Raises
    psycopg.errors.ActiveSqlTransaction outside READ COMMITTED, and InsufficientPrivilege when `user_id` is
    not who the transaction acts for.
    """
    rows = connection.execute(
        read_query("access/audit.append_audit"),
        {
            "actor": entry.actor,
            "action": entry.action,
            "object_type": entry.object_type,
            "object_id": entry.object_id,
            "outcome": str(entry.outcome),
            "reason": entry.reason,
            "before": None if entry.before is None else Jsonb(entry.before),
            "after": None if entry.after is None else Jsonb(entry.after),
            "partner_id": entry.partner_id,
            "user_id": entry.user_id,
            "request_digest": entry.request_digest,
            "correlation_id": entry.correlation_id,
        },
    ).fetchall()
    sequence: int = rows[0][0]
    return sequence


def verify_audit(connection: DbConnection, anchor: tuple[int, bytes] | None = None) -> AuditVerdict:
    """Read the whole log and compute every hash again; nothing is changed.

    `anchor` is a row's number and hash as they were noted outside the database. Begins a transaction of one
    moment of its own, so the session must be idle and not in autocommit.
    """
    connection.execute("set transaction isolation level repeatable read, read only")
    heads = connection.execute(read_query("access/audit.audit_head")).fetchall()
    with connection.cursor(name="audit_rows") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(read_query("access/audit.audit_rows"))
        verdict = check_chain(cursor, heads[0] if len(heads) == 1 else None, anchor)
    connection.rollback()
    return verdict


def check_chain(
    rows: Iterable[Sequence[Any]], head: Sequence[Any] | None, anchor: tuple[int, bytes] | None = None
) -> AuditVerdict:
    """The verdict over rows of `access/audit.audit_rows` and the head: number and hash, None when missing."""
    walk = _Walk()
    faults = list(_first(walk.faults(rows, anchor)))
    if anchor and not walk.anchor_met:
        faults.append(Fault(anchor[0], f"row {anchor[0]}, noted elsewhere, is missing"))
    if head is None:
        faults.append(Fault(walk.sequence, "the head, which says how long the log is, is missing"))
    elif head[0] > walk.sequence:
        faults.append(
            Fault(head[0], f"the log ends at row {walk.sequence}, but {head[0]} were written: removed")
        )
    elif head[0] < walk.sequence:
        faults.append(
            Fault(walk.sequence, f"row {walk.sequence} is beyond the last one written, {head[0]}: inserted")
        )
    elif bytes(head[1]) != walk.hash:
        faults.append(Fault(head[0], f"the last row's hash is not the one kept for row {head[0]}"))
    return AuditVerdict(walk.count, walk.sequence, walk.hash, tuple(faults))


def row_hash(previous: bytes, fields: Sequence[str | None]) -> bytes:
    """SHA-256 over the hash before and the row's fields as texts.

    Each field is its length in bytes, a colon and the text; null is a hyphen: no two rows read alike.
    """
    content = "".join("-" if text is None else f"{len(text.encode())}:{text}" for text in fields)
    return hashlib.sha256(previous + content.encode()).digest()


class _Walk:
    """Along the chain, row by row; afterwards it stands at the last one."""

    def __init__(self) -> None:
        self.count = 0
        self.sequence = 0
        self.hash = NO_HASH
        self.anchor_met = False

    def faults(self, rows: Iterable[Sequence[Any]], anchor: tuple[int, bytes] | None) -> Iterator[Fault]:
        for sequence, previous, own, *fields in rows:
            if sequence != self.sequence + 1:
                missing = f"row {self.sequence + 1}" + (
                    f" to {sequence - 1}" if sequence > self.sequence + 2 else ""
                )
                yield Fault(self.sequence + 1, f"{missing}: removed")
            elif bytes(previous) != self.hash:
                yield Fault(sequence, f"row {sequence} does not follow on the row before: edited or inserted")
            if row_hash(bytes(previous), fields) != bytes(own):
                yield Fault(sequence, f"row {sequence} is not what was written: edited")
            if anchor and anchor[0] == sequence:
                self.anchor_met = True
                if anchor[1] != bytes(own):
                    yield Fault(sequence, f"row {sequence} has another hash than was noted elsewhere")
            self.count += 1
            self.sequence = sequence
            self.hash = bytes(own)


def _first(faults: Iterator[Fault]) -> Iterator[Fault]:
    """The first faults; the walk goes on to the end of the log."""
    for number, fault in enumerate(faults):
        if number < _FAULTS_TOLD:
            yield fault
