"""One sensor a chain: booked periods whose agreements, wallets or histories changed show as stale and run.

Only what is computed runs again, from the facts that are there. Released statements stay as they are; the
run adds the differences as corrections.
"""

import json
from collections.abc import Collection, Iterable

import dagster as dg

from aurora_assets.graph.jobs import ChainJobs, recompute_job_name
from aurora_assets.graph.partitions import known_periods
from aurora_assets.graph.registry import terms_changed
from aurora_assets.recompute.periods import snapshot
from aurora_assets.recompute.staleness import StalePeriod, find_stale
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import AuroraError
from aurora_resources.warehouse.connection import open_warehouse

INTERVAL_SECONDS = 60
PERIODS_A_TICK = 10


def terms_sensor(chain: ChainSettings, jobs: ChainJobs) -> dg.SensorDefinition:
    """Compare the terms of every booked period with those it was computed under."""

    @dg.sensor(
        name=f"{chain.chain_id.replace('-', '_')}_terms",
        job=jobs.recompute,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{chain.name}: computes periods again whose agreements or wallets changed.",
    )
    def notice(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            with (
                open_warehouse(application="aurora-sensor", migrated=True) as warehouse,
                snapshot(warehouse) as connection,
            ):
                stale = find_stale(connection, chain.chain_id)
        except AuroraError as error:
            return dg.SkipReason(f"{chain.chain_id}: {error}")
        known = known_periods(context.instance, chain.chain_id)
        return plan(chain.chain_id, stale, known=known, cursor=context.cursor)

    return notice


def plan(
    chain_id: str, stale: Iterable[StalePeriod], *, known: Collection[int], cursor: str | None
) -> dg.SensorResult:
    """What to report and to run: the oldest first, each change of a period once.

    `known` are the periods with a partition. The cursor is what was requested and is stale still, a run key
    a period: a run that failed is not requested again until something changes.
    """
    before: dict[str, str] = json.loads(cursor) if cursor else {}
    wanted = {str(one.period_id): one for one in stale if one.period_id in known}
    keys = {period: _run_key(chain_id, one) for period, one in wanted.items()}
    new = [period for period, key in keys.items() if before.get(period) != key][:PERIODS_A_TICK]
    requested = {period: key for period, key in keys.items() if before.get(period) == key or period in new}
    return dg.SensorResult(
        skip_reason=None if new else f"{chain_id}: no terms changed; {len(keys)} periods wait for their run",
        run_requests=[
            dg.RunRequest(run_key=keys[period], job_name=recompute_job_name(chain_id), partition_key=period)
            for period in new
        ],
        asset_events=[terms_changed(chain_id, int(period), wanted[period].digest) for period in new],
        cursor=json.dumps(requested),
    )


def _run_key(chain_id: str, stale: StalePeriod) -> str:
    # With the writing: terms that were there before, and come back, are another change.
    return f"{chain_id}:{stale.period_id}:terms:{stale.digest.hex()[:16]}:{stale.written_by}"
