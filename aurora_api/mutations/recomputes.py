"""Requesting a recompute: it is queued for Dagster's sensor and started once per idempotency key.

It begins when a Dagster daemon runs, as `aurora up` starts one; until then it is PENDING. Two requests with
the same key are serialized; the second gets the recompute that the first one started.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import strawberry

from aurora_api.access.principal import Capability, Principal, sees_chain
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, require_reason, run_audited
from aurora_api.problems import Code, Problem
from aurora_api.queries.recomputes import Recompute, find_recompute
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal
from aurora_assets.recompute.queue import RecomputeOrder, order_recompute
from aurora_resources.config.files import load_chains
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query

KEY_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class WorkKey:
    """One user's key for one operation, with the digest of the input."""

    user_id: int
    operation: str
    idempotency_key: str
    request_digest: bytes

    @property
    def named(self) -> dict[str, object]:
        """As parameters of a statement."""
        return {
            "user_id": self.user_id,
            "operation": self.operation,
            "idempotency_key": self.idempotency_key,
        }


def work_key(principal: Principal, operation: str, given: str, asked: Mapping[str, object]) -> WorkKey:
    """The key of this input. Raises Problem for a key that is empty, too long or not printable."""
    if not given.strip() or len(given) > KEY_LENGTH_MAX or not given.isprintable():
        raise Problem(
            Code.INVALID_ARGUMENT,
            f"idempotencyKey is a text of 1 to {KEY_LENGTH_MAX} printable characters, new for each new work",
            "input.idempotencyKey",
        )
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()
    return WorkKey(principal.user_id, operation, given, digest)


def started_before(session: DbConnection, key: WorkKey) -> str | None:
    """What was started under this key, None for nothing; nobody else can start it until the transaction ends.

    Raises Problem when it was another input.
    """
    session.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
        [f"started_work/{key.user_id}/{key.operation}/{key.idempotency_key}"],
    )
    row = session.execute(read_query("access/started_work.started_work"), key.named).fetchone()
    if row is None:
        return None
    if bytes(row[1]) != key.request_digest:
        raise Problem(
            Code.IDEMPOTENCY_CONFLICT,
            "idempotencyKey was used before for another input; use a new one",
            "input.idempotencyKey",
        )
    return str(row[0])


def note_started(session: DbConnection, key: WorkKey, reference: str) -> None:
    """Store what was started under the key."""
    session.execute(
        read_query("access/started_work.start_work"),
        key.named | {"request_digest": key.request_digest, "reference": reference},
    )


OPERATION = "recompute.start"

RecomputeResult: TypeAlias = Annotated[
    Recompute | MutationProblem,
    strawberry.union("RecomputeResult", description="The recompute, or the reason for the refusal."),
]


@strawberry.input(description="Recompute P&L and commissions of a contiguous range of periods.")
class StartRecomputeInput:
    """The periods and the reason."""

    chain_id: str
    from_period: Ordinal
    to_period: Ordinal = strawberry.field(description="Inclusive.")
    force: bool = strawberry.field(
        default=False,
        description="Ask the providers again, too; needs the right to ingest. What is unchanged stays.",
    )
    reason: str
    idempotency_key: str = strawberry.field(
        description="Your own for this work: the same key and input again give the same recompute."
    )


async def start_recompute(info: Info, input: StartRecomputeInput) -> RecomputeResult:  # noqa: A002
    """Queue the recompute, once per idempotency key."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[str]:
        return _order(session, principal, input, info.context.correlation_id)

    done = await run_audited(info, OPERATION, work, reason=input.reason)
    if isinstance(done, MutationProblem):
        return done
    found = await find_recompute(info, done)
    if found is None:
        raise RuntimeError(f"recompute {done} was queued and cannot be read")
    return found


def _order(
    session: DbConnection, principal: Principal, asked: StartRecomputeInput, correlation_id: str
) -> AuditedChange[str]:
    require_reason(asked.reason)
    # Dagster runs the configured chains only, whatever else the ledger holds.
    known = any(chain.chain_id == asked.chain_id for chain in load_chains())
    if not (known and sees_chain(principal, asked.chain_id)):
        raise _no_chain(asked.chain_id)
    if asked.force and Capability.INGEST not in principal.capabilities:
        raise Problem(
            Code.FORBIDDEN, "asking providers again needs the right to ingest; leave out force", "input.force"
        )
    what: dict[str, str | int | bool] = {
        "chain_id": asked.chain_id,
        "from_period": int(asked.from_period),
        "to_period": int(asked.to_period),
        "force": asked.force,
    }
    key = work_key(principal, OPERATION, asked.idempotency_key, what)
    before = started_before(session, key)
    if before is not None:
        return AuditedChange(before, "Recompute", before, after={"repeated": True, **what})
    order = RecomputeOrder(
        chain_id=asked.chain_id,
        from_period=asked.from_period,
        to_period=asked.to_period,
        force=asked.force,
        reason=asked.reason.strip(),
        requested_by=principal.username,
        correlation_id=correlation_id,
    )
    recompute_id = str(order_recompute(session, order))
    note_started(session, key, recompute_id)
    return AuditedChange(recompute_id, "Recompute", recompute_id, after=what)


def _no_chain(chain_id: str) -> Problem:
    return Problem(
        Code.NOT_FOUND, f'there is no chain "{chain_id}"; chains lists those there are', "input.chainId"
    )


@strawberry.type
class RecomputeMutations:
    """The mutations of this module, as root fields."""

    start_recompute: RecomputeResult | None = strawberry.mutation(
        resolver=start_recompute,
        description="Queue a recompute of P&L and commissions for Dagster.",
        directives=requires(Capability.RECOMPUTE),
    )
