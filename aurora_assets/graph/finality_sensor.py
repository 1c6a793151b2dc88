"""One sensor a chain: periods that ended get a partition, final ones a run, what fades a snapshot in time.

A period whose providers still owed something is run again in each later period and on each later day, until
nothing is open.
"""

from collections.abc import Iterable

import anyio
import dagster as dg

from aurora_assets.graph.jobs import ChainJobs, job_name, snapshot_job_name
from aurora_assets.graph.partitions import chain_partitions, known_periods
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig, ChainSettings
from aurora_resources.errors import AuroraError
from aurora_resources.providers.wiring import chain_source, open_transport
from aurora_resources.records import ChainHead
from aurora_resources.warehouse.connection import Warehouse, open_warehouse
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.registry import sync_registry
from aurora_resources.warehouse.watching import note_failure, see_head

INTERVAL_SECONDS = 60
PERIODS_A_TICK = 10
REOPENED_PERIODS = 5


def finality_sensor(chain: ChainSettings, jobs: ChainJobs) -> dg.SensorDefinition:
    """Ask the chain where it is, and request what that makes possible."""

    @dg.sensor(
        name=f"{chain.chain_id.replace('-', '_')}_finality",
        jobs=[jobs.everything, jobs.snapshot],
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{chain.name}: discovers periods and runs the final ones (lag {chain.finality_lag}).",
    )
    def discover(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            with open_warehouse(application="aurora-sensor", migrated=True) as warehouse:
                head = _seen_head(warehouse, chain)
                return plan(
                    chain,
                    head,
                    known=known_periods(context.instance, chain.chain_id),
                    requested_up_to=int(context.cursor) if context.cursor else None,
                    left_open=_left_open(warehouse, chain, head),
                )
        except AuroraError as error:
            return dg.SkipReason(f"{chain.chain_id}: {error}")

    return discover


def plan(
    chain: ChainSettings,
    head: ChainHead,
    *,
    known: Iterable[int],
    requested_up_to: int | None,
    left_open: Iterable[int],
) -> dg.SensorResult | dg.SkipReason:
    """What to add and to run, given where the chain is.

    `known` are the periods with a partition, `requested_up_to` the cursor: the newest period whose run was
    requested. New partitions follow the newest known one, ascending; a chain without any begins at its
    `first_period`, else at its newest final period.
    """
    ended = head.current_period - 1
    final = head.current_period - max(1, chain.finality_lag)
    known = sorted(known)
    begin = known[-1] + 1 if known else final if chain.first_period is None else chain.first_period
    new = list(range(max(0, begin), ended + 1))[:PERIODS_A_TICK]
    there = [*known, *new]
    after = (min(there) - 1 if there else final) if requested_up_to is None else requested_up_to
    due = [period for period in there if after < period <= final][:PERIODS_A_TICK]
    again = [period for period in left_open if period in there and period <= final and period not in due]
    requests = [
        *(_run(chain, period, f"{chain.chain_id}:{period}:all") for period in due),
        *(
            _run(
                chain, p, f"{chain.chain_id}:{p}:all:again-in-{head.current_period}-{head.asked_at:%Y-%m-%d}"
            )
            for p in again
        ),
    ]
    if ended in there and any(policy.while_next_runs for policy in chain_source(chain).policies.values()):
        requests.append(
            dg.RunRequest(
                run_key=f"{chain.chain_id}:{ended}:snapshot",
                job_name=snapshot_job_name(chain.chain_id),
                partition_key=str(ended),
                tags={"dagster/priority": "10"},
            )
        )
    if not requests and not new:
        return dg.SkipReason(f"{chain.chain_id} is in period {head.current_period}; nothing new is final")
    return dg.SensorResult(
        run_requests=requests,
        dynamic_partitions_requests=[chain_partitions(chain).build_add_request([str(p) for p in new])]
        if new
        else [],
        cursor=str(max([after, *due])),
    )


def _run(chain: ChainSettings, period: int, run_key: str) -> dg.RunRequest:
    return dg.RunRequest(run_key=run_key, job_name=job_name(chain.chain_id), partition_key=str(period))


def _seen_head(warehouse: Warehouse, chain: ChainSettings) -> ChainHead:
    """Where the chain is, written down; so is that it did not say. Raises AuroraError."""
    config = load_config()
    with warehouse.connect() as session:
        sync_registry(session, config)
    try:
        head = anyio.run(_head, config, chain)
    except AuroraError as error:
        note_failure(warehouse, chain.chain_id, error, f"{chain.chain_id} finality sensor")
        raise
    see_head(warehouse, chain.chain_id, head.current_period)
    return head


async def _head(config: AuroraConfig, chain: ChainSettings) -> ChainHead:
    async with open_transport(config, chain) as transport:
        return await chain_source(chain).head(transport)


def _left_open(warehouse: Warehouse, chain: ChainSettings, head: ChainHead) -> list[int]:
    with warehouse.connect() as session:
        rows = session.execute(
            read_query("staging/ingestions.open_periods"),
            {"chain_id": chain.chain_id, "since": head.current_period - REOPENED_PERIODS},
        ).fetchall()
    return [period for (period,) in rows]
