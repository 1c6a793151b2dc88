"""A mutation's change and its row in the audit log, in one transaction of the caller.

A refusal that the caller can correct is data (`Problem`), and is in the audit log too. What a mutation does
is in its noun's module; the log itself is `aurora_resources/warehouse/audit.py`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, Self, TypeAlias, TypeVar

import anyio.to_thread
import psycopg
import strawberry
from anyio import CapacityLimiter

from aurora_api.access.authenticate import Identity, caller_transaction
from aurora_api.access.principal import Capability, Principal
from aurora_api.context.request import Context, Info
from aurora_api.problems import Code, Problem, refusal_of
from aurora_api.schema.permissions import requires
from aurora_resources.warehouse.audit import AuditEntry, append_audit
from aurora_resources.warehouse.connection import DbConnection

T = TypeVar("T")
Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

WRITERS: Final = 4
"""How many changes are made at once; each has a thread and a session of the database."""

_writers: Final = CapacityLimiter(WRITERS)


logger = logging.getLogger("aurora_api")

strawberry.enum(Code, name="ErrorCode", description="The kind of error, for programs.")


@strawberry.type(
    name="Problem",
    description="Why an operation was refused, and how to correct it.",
    directives=requires(Capability.PUBLIC),
)
class MutationProblem:
    """A refusal, as data."""

    code: Code
    message: str
    field: str | None = strawberry.field(description="The part of the input that caused it, if any.")

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The refusal that this problem is."""
        return cls(code=problem.code, message=str(problem), field=problem.field)


@dataclass(frozen=True, slots=True)
class AuditedChange(Generic[T]):
    """What was done: the mutation's `result`, and what the audit log says of it.

    `before` and `after` are what is worth keeping of the object, never a secret. `refused` takes everything
    back and is audited as a refusal, but still answers with `result`: for a report of what is wrong.
    """

    result: T
    object_type: str
    object_id: str
    before: Json = None
    after: Json = None
    partner_id: int | None = None
    refused: bool = False


async def run_audited(
    info: Info,
    action: str,
    work: Callable[[DbConnection, Principal], AuditedChange[T]],
    *,
    reason: str | None = None,
    as_role: str | None = None,
) -> T | MutationProblem:
    """Do `work` in a thread, in one transaction of the caller's, with its audit row; then it is committed.

    Staff act as `aurora_staff`, partners as `aurora_api` alone; `as_role` is for users and tokens, which need
    `aurora_auth`. A Problem, or an error of the rules of agreements, overrides, periods and statements, comes
    back as MutationProblem with a REFUSED row; anything else is audited as FAILED and raised.
    """
    context = info.context
    identity = context.identity
    # What is read from here on must see the change: the next question begins a new transaction.
    await context.renew()
    call = partial(_perform, context, identity, work, _Note(action, reason, as_role))
    return await anyio.to_thread.run_sync(call, limiter=_writers)


def require_reason(reason: str | None) -> None:
    """Raise Problem for a blank reason."""
    if reason is not None and not reason.strip():
        raise Problem(Code.INVALID_ARGUMENT, "reason is empty; say why", "input.reason")


@dataclass(frozen=True, slots=True)
class _Note:
    action: str
    reason: str | None
    as_role: str | None


def _perform(
    context: Context,
    identity: Identity,
    work: Callable[[DbConnection, Principal], AuditedChange[T]],
    note: _Note,
) -> T | MutationProblem:
    try:
        with caller_transaction(context.warehouse, identity, as_role=note.as_role) as (session, principal):
            change = _do(session, principal, work)
            outcome = "REFUSED" if change.refused else "DONE"
            append_audit(session, _entry(context, note, outcome, change))
    except Exception as error:
        refusal = refusal_of(error)
        if refusal is None:
            _audit_alone(context, note, "FAILED", None)
            raise
        _audit_alone(context, note, "REFUSED", None, f"{refusal.code}: {refusal}")
        return MutationProblem.of(refusal)
    return change.result


def _do(
    session: DbConnection, principal: Principal, work: Callable[[DbConnection, Principal], AuditedChange[T]]
) -> AuditedChange[T]:
    """Do `work`; a refused change is rolled back, but its report is answered."""
    with session.transaction() as savepoint:
        change = work(session, principal)
        if change.refused:
            raise psycopg.Rollback(savepoint)
    return change


def _audit_alone(
    context: Context, note: _Note, outcome: str, change: AuditedChange[T] | None, refusal: str | None = None
) -> None:
    """A row for what was not done, in a transaction of its own."""
    try:
        with context.warehouse.transaction() as session:
            append_audit(session, _entry(context, note, outcome, change, refusal))
    except Exception:
        # The change itself was not made, so nothing is done without a row; a refusal without one is an error.
        logger.exception("request %s: no audit row for %s %s", context.correlation_id, outcome, note.action)
        raise


def _entry(
    context: Context, note: _Note, outcome: str, change: AuditedChange[T] | None, refusal: str | None = None
) -> AuditEntry:
    principal = context.principal
    return AuditEntry(
        actor=principal.username if principal else "(nobody)",
        action=note.action,
        object_type=change.object_type if change else None,
        object_id=change.object_id if change else None,
        outcome=outcome,
        reason=note.reason,
        before=change.before if change else None,
        after=change.after if change else refusal,
        partner_id=change.partner_id if change else None,
        user_id=principal.user_id if principal else None,
        request_digest=context.request_digest,
        correlation_id=context.correlation_id,
    )
