"""Requested recomputes, and the status of their runs as Dagster last reported it.

Asking for one is in `mutations/recomputes.py`; taking them up is Dagster's, in `aurora_assets`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.request import Info
from aurora_api.schema.node import Node, is_uuid, key_of, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal

_KEYSET: Final = Keyset("recomputes", {"requested_position": str, "recompute_id": UUID})


@strawberry.enum(
    description="PENDING: it waits for its turn, or for Dagster. SUCCESS, FAILED and CANCELED are final."
)
class RecomputeStatus(StrEnum):
    """How far it has come."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


@strawberry.type(
    description="P&L and commissions of some periods, computed again by one run of Dagster.",
    directives=requires(Capability.READ_HEALTH),
)
class Recompute(Node):
    """One recompute."""

    chain_id: str
    from_period: Ordinal
    to_period: Ordinal
    force: bool = strawberry.field(description="Whether data is fetched from providers again.")
    status: RecomputeStatus
    reason: str
    requested_by: str
    requested_at: datetime = strawberry.field(description="UTC.")
    finished_at: datetime | None = strawberry.field(description="UTC; null until it has ended.")
    error: str | None = strawberry.field(description="Why it failed.")
    correlation_id: str = strawberry.field(description="Of the request; the run has it as a tag.")
    dagster_run_id: str | None = strawberry.field(description="Null until there is a run.")


class _RecomputeRow(NamedTuple):
    recompute_id: str
    chain_id: str
    from_period: int
    to_period: int
    force: bool
    status: str
    reason: str
    requested_by: str
    correlation_id: str
    dagster_run_id: str | None
    requested_at: datetime
    finished_at: datetime | None
    error: str | None
    requested_position: str


async def resolve_recomputes(
    info: Info,
    chain_id: str | None = None,
    statuses: list[RecomputeStatus] | None = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[Recompute]:
    """Recomputes, the newest first."""
    if chain_id is not None:
        chain_id = (await info.context.find_chain(chain_id)).chain_id
    values = None if statuses is None else [status.value for status in statuses]
    return await _read(info, None, chain_id, values, first, after)


async def resolve_recompute(info: Info, id: strawberry.ID) -> Recompute | None:  # noqa: A002
    """One recompute; None when none is visible. Raises Problem for an id of something else."""
    (recompute_id,) = key_of("Recompute", id)
    return await find_recompute(info, recompute_id)


async def find_recompute(info: Info, recompute_id: str) -> Recompute | None:
    """The same by the part of its id."""
    if not is_uuid(recompute_id):
        return None
    found = await _read(info, recompute_id, None, None, 1, None)
    return found.edges[0].node if found.edges else None


async def _read(
    info: Info,
    recompute_id: str | None,
    chain_id: str | None,
    statuses: list[str] | None,
    first: int,
    after: str | None,
) -> Connection[Recompute]:
    filters = {"recompute_id": recompute_id, "chain_id": chain_id, "statuses": statuses}
    page = _KEYSET.page(first, after, filters)
    rows = await info.context.reader.rows(
        "computation/recomputes.recompute_page", _RecomputeRow, **filters, **page.parameters
    )
    return page.connection(rows, _recompute)


def _recompute(row: _RecomputeRow) -> Recompute:
    return Recompute(
        id=node_id("Recompute", row.recompute_id),
        chain_id=row.chain_id,
        from_period=Ordinal(row.from_period),
        to_period=Ordinal(row.to_period),
        force=row.force,
        status=RecomputeStatus(row.status),
        reason=row.reason,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
        error=row.error,
        correlation_id=row.correlation_id,
        dagster_run_id=row.dagster_run_id,
    )


@strawberry.type
class RecomputeQueries:
    """The queries of this module, as root fields."""

    recompute: Recompute | None = strawberry.field(
        resolver=resolve_recompute,
        description="One requested recompute and the state of its run; null when there is none.",
        directives=requires(Capability.READ_HEALTH),
    )
    recomputes: Connection[Recompute] | None = strawberry.field(
        resolver=resolve_recomputes,
        description="The requested recomputes, newest first.",
        directives=requires(Capability.READ_HEALTH),
    )
