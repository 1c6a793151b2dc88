"""How far behind each chain's ingestion is, for the query, for `/health/ingestion` and for the metrics.

The lag counts periods between the newest that is final on the chain and the newest that is fully ingested.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.reader import Reader
from aurora_api.context.request import Info
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal
from aurora_resources.records import Feed

DEGRADED_FROM: Final = 5
UNHEALTHY_ABOVE: Final = 10
RECENT: Final = timedelta(hours=24)
WATCHED_DEGRADED: Final = timedelta(minutes=15)
WATCHED_UNHEALTHY: Final = timedelta(hours=1)
# Stakes can only be fetched as a period ends: a ledger begun later has none, and is complete without them.
FEEDS: Final = tuple(feed for feed in Feed if feed is not Feed.STAKES)


class HealthStatus(StrEnum):
    """How well a chain is ingested."""

    HEALTHY = "HEALTHY"
    DEGRADED = "DEGRADED"
    UNHEALTHY = "UNHEALTHY"


@dataclass(frozen=True, slots=True)
class ChainHealth:
    """One chain. What is not known is None: a lag that is not known is not zero.

    `expected_period` is the newest that was final when the chain was last seen, at `watched_at`;
    `latest_period` the newest with every feed of `FEEDS` ingested. `problem` says why it is not
    HEALTHY. Times are UTC.
    """

    chain_id: str
    status: HealthStatus
    expected_period: int | None
    latest_period: int | None
    lag_periods: int | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    watched_at: datetime | None
    problem: str | None


class _HealthRow(NamedTuple):
    chain_id: str
    finality_lag: int
    finality_lag_unit: str
    head_period: int | None
    seen_at: datetime | None
    latest_period: int | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    unmended_failure_at: datetime | None
    read_at: datetime


async def read_ingestion_health(reader: Reader, chain_ids: Sequence[str] | None = None) -> list[ChainHealth]:
    """The health of these chains (None: all that the reader may see), by chain id."""
    rows = await reader.rows(
        "staging/health.ingestion_health",
        _HealthRow,
        chain_ids=None if chain_ids is None else list(chain_ids),
        roles=[feed.value for feed in FEEDS],
        recent=RECENT,
    )
    return [_health(row) for row in rows]


def worst(chains: Sequence[ChainHealth]) -> HealthStatus:
    """The status of the least healthy one; HEALTHY when there is none."""
    order = list(HealthStatus)
    return max((chain.status for chain in chains), key=order.index, default=HealthStatus.HEALTHY)


def _health(row: _HealthRow) -> ChainHealth:
    expected = _expected(row)
    lag = None
    if expected is not None and row.latest_period is not None:
        lag = max(0, expected - row.latest_period)
    status, problem = _judge(row, lag)
    return ChainHealth(
        chain_id=row.chain_id,
        status=status,
        expected_period=expected,
        latest_period=row.latest_period,
        lag_periods=lag,
        last_success_at=row.last_success_at,
        last_failure_at=row.last_failure_at,
        watched_at=row.seen_at,
        problem=problem,
    )


def _expected(row: _HealthRow) -> int | None:
    """The newest final period: as the sensor counts it, the period a chain is in is never final."""
    if row.head_period is None:
        return None
    lag = row.finality_lag if row.finality_lag_unit == "periods" else 1
    return max(0, row.head_period - max(1, lag))


def _judge(row: _HealthRow, lag: int | None) -> tuple[HealthStatus, str | None]:
    """The most severe status that applies, and the problem that causes it."""
    unseen = timedelta.max if row.seen_at is None else row.read_at - row.seen_at
    failed_at, late = row.unmended_failure_at, f"{lag} periods behind"
    silent = f"nobody has asked the chain where it is since {row.seen_at}"
    wrong = (
        (row.seen_at is None, HealthStatus.UNHEALTHY, "the chain was never asked where it is"),
        (lag is None, HealthStatus.UNHEALTHY, "no period is wholly ingested yet"),
        (lag is not None and lag > UNHEALTHY_ABOVE, HealthStatus.UNHEALTHY, late),
        (failed_at is not None, HealthStatus.UNHEALTHY, f"an attempt failed at {failed_at}"),
        (unseen > WATCHED_UNHEALTHY, HealthStatus.UNHEALTHY, silent),
        (lag is not None and lag >= DEGRADED_FROM, HealthStatus.DEGRADED, late),
        (unseen > WATCHED_DEGRADED, HealthStatus.DEGRADED, silent),
    )
    return next(
        ((status, problem) for applies, status, problem in wrong if applies), (HealthStatus.HEALTHY, None)
    )


strawberry.enum(
    HealthStatus,
    description="HEALTHY: fewer than 5 periods behind. DEGRADED: 5 to 10. UNHEALTHY: more, or a recent "
    "failure without a later success.",
)


@strawberry.type(description="The ingestion lag of a chain.", directives=requires(Capability.READ_HEALTH))
class IngestionHealth:
    """One chain."""

    chain_id: str
    status: HealthStatus
    expected_period: Ordinal | None = strawberry.field(
        description="The newest period that was final when the chain was last observed; null before that."
    )
    latest_period: Ordinal | None = strawberry.field(
        description="The newest period with every feed ingested."
    )
    lag_periods: int | None = strawberry.field(description="Null while it is not known.")
    last_success_at: datetime | None = strawberry.field(description="UTC.")
    last_failure_at: datetime | None = strawberry.field(description="UTC.")
    watched_at: datetime | None = strawberry.field(description="When the chain was last observed, UTC.")
    problem: str | None = strawberry.field(description="Why it is not HEALTHY.")


async def resolve_ingestion_health(info: Info, chain_id: str | None = None) -> list[IngestionHealth]:
    """Of one chain, or of all that the caller sees."""
    asked = None if chain_id is None else [(await info.context.find_chain(chain_id)).chain_id]
    return [_ingestion_health(health) for health in await read_ingestion_health(info.context.reader, asked)]


def _ingestion_health(health: ChainHealth) -> IngestionHealth:
    return IngestionHealth(
        chain_id=health.chain_id,
        status=health.status,
        expected_period=None if health.expected_period is None else Ordinal(health.expected_period),
        latest_period=None if health.latest_period is None else Ordinal(health.latest_period),
        lag_periods=health.lag_periods,
        last_success_at=health.last_success_at,
        last_failure_at=health.last_failure_at,
        watched_at=health.watched_at,
        problem=health.problem,
    )


@strawberry.type
class IngestionHealthQueries:
    """The queries of this module, as root fields."""

    ingestion_health: list[IngestionHealth] | None = strawberry.field(
        resolver=resolve_ingestion_health,
        description="The ingestion lag of each chain.",
        directives=requires(Capability.READ_HEALTH),
    )
