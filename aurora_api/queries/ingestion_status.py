"""The health of ingestion as the schema shows it; how it is found out is in `ingestion_health.py`."""

from datetime import datetime

import strawberry

from aurora_api.context.request import Info
from aurora_api.queries.ingestion_health import ChainHealth, HealthStatus, read_ingestion_health
from aurora_api.schema.scalars import Ordinal

strawberry.enum(
    HealthStatus,
    description="HEALTHY: fewer than 5 periods behind. DEGRADED: 5 to 10. UNHEALTHY: more, or a failure of "
    "late that nothing has mended.",
)


@strawberry.type(description="How far behind a chain's ingestion is.")
class IngestionHealth:
    """One chain."""

    chain_id: str
    status: HealthStatus
    expected_period: Ordinal | None = strawberry.field(
        description="The newest that was final when the chain was last seen; null before that."
    )
    latest_period: Ordinal | None = strawberry.field(
        description="The newest with everything asked for and answered."
    )
    lag_periods: int | None = strawberry.field(description="Null while it is not known.")
    last_success_at: datetime | None = strawberry.field(description="UTC.")
    last_failure_at: datetime | None = strawberry.field(description="UTC.")
    watched_at: datetime | None = strawberry.field(description="When the chain was last seen, UTC.")
    problem: str | None = strawberry.field(description="Why it is not HEALTHY.")


async def resolve_ingestion_health(info: Info, chain_id: str | None = None) -> list[IngestionHealth]:
    """Of one chain, or of all that the caller sees."""
    asked = None if chain_id is None else [(await info.context.find_chain(chain_id)).chain_id]
    return [_shown(health) for health in await read_ingestion_health(info.context.reader, asked)]


def _shown(health: ChainHealth) -> IngestionHealth:
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
