"""Asking for a recompute: kept in the queue that Dagster's sensor looks into, and started once a key.

It begins when a Dagster daemon runs, as `aurora up` has one; until then it is PENDING.
"""

from typing import Annotated, TypeAlias

import strawberry

from aurora_api.access.principal import Capability, Principal
from aurora_api.access.scope import sees_chain
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, run_audited
from aurora_api.mutations.started_work import note_started, started_before, work_key
from aurora_api.mutations.statements import require_reason
from aurora_api.problems import Code, Problem
from aurora_api.queries.recomputes import Recompute, find_recompute
from aurora_api.schema.scalars import Ordinal
from aurora_assets.recompute.queue import RecomputeOrder, order_recompute
from aurora_resources.config.files import load_chains
from aurora_resources.warehouse.connection import DbConnection

OPERATION = "recompute.start"

RecomputeResult: TypeAlias = Annotated[
    Recompute | MutationProblem,
    strawberry.union("RecomputeResult", description="The recompute, or why it was not taken."),
]


@strawberry.input(description="Compute P&L and commissions of a gapless range of periods again.")
class StartRecomputeInput:
    """Which periods, and why."""

    chain_id: str
    from_period: Ordinal
    to_period: Ordinal = strawberry.field(description="Itself included.")
    force: bool = strawberry.field(
        default=False,
        description="Ask the providers again, too; needs the right to ingest. What is unchanged stays.",
    )
    reason: str
    idempotency_key: str = strawberry.field(
        description="Your own for this work: the same key and input again give the same recompute."
    )


async def start_recompute(info: Info, input: StartRecomputeInput) -> RecomputeResult:  # noqa: A002
    """Ask for it."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[str]:
        return _order(session, principal, input, info.context.correlation_id)

    done = await run_audited(info, OPERATION, work, reason=input.reason)
    if isinstance(done, MutationProblem):
        return done
    found = await find_recompute(info, done)
    if found is None:
        raise RuntimeError(f"recompute {done} was kept and cannot be read")
    return found


def _order(
    session: DbConnection, principal: Principal, asked: StartRecomputeInput, correlation_id: str
) -> AuditedChange[str]:
    require_reason(asked.reason)
    # Dagster runs what is configured, whatever else the books hold.
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
