"""The sensors of a chain: finality, changed terms, and ordered recomputes.

Each sensor evaluates in a function of plain values (`plan_periods`, `plan_stale`, `recompute_request`), so
that what it requests is tested without a daemon.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import anyio
import dagster as dg

from aurora_assets.graph.assets import terms_changed
from aurora_assets.graph.jobs import (
    ChainJobs,
    job_name,
    recompute_job_name,
    refresh_config,
    snapshot_job_name,
)
from aurora_assets.graph.partitions import add_periods, chain_partitions, known_periods
from aurora_assets.graph.runs import CORRELATION_TAG, PRIORITY_TAG, range_tags, step_failures
from aurora_assets.recompute.periods import snapshot
from aurora_assets.recompute.queue import UnfinishedRecompute, note_status, read_unfinished
from aurora_assets.recompute.staleness import StalePeriod, find_stale
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig, ChainSettings
from aurora_resources.errors import AuroraError
from aurora_resources.providers.wiring import chain_source, open_transport
from aurora_resources.records import ChainHead
from aurora_resources.warehouse.connection import Warehouse, open_warehouse
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.registry import sync_registry
from aurora_resources.warehouse.staging import note_failure, see_head

PERIODS_PER_TICK: Final = 10
"""How many periods the finality and the terms sensor add, or run, in one evaluation."""
RECOMPUTE_TAG: Final = "aurora/recompute_id"
REQUESTED_BY_TAG: Final = "aurora/requested_by"

_FINALITY_SECONDS: Final = 60
_TERMS_SECONDS: Final = 60
_RECOMPUTE_SECONDS: Final = 5
_REOPENED_PERIODS: Final = 5
"""How many periods back the finality sensor runs a period again that was left open."""
_SNAPSHOT_PRIORITY: Final = "10"
_RECOMPUTE_PRIORITY: Final = "5"
"""A person waits for a recompute; a stake snapshot, which cannot be taken later, still goes first."""
_ERROR_LENGTH_MAX: Final = 4000

_STATUSES: Final[Mapping[dg.DagsterRunStatus, str]] = {
    dg.DagsterRunStatus.STARTED: "RUNNING",
    dg.DagsterRunStatus.CANCELING: "RUNNING",
    dg.DagsterRunStatus.SUCCESS: "SUCCESS",
    dg.DagsterRunStatus.FAILURE: "FAILED",
    dg.DagsterRunStatus.CANCELED: "CANCELED",
}
"""A recompute's status by that of its run; every other status precedes the start: PENDING."""


def chain_sensors(chain: ChainSettings, jobs: ChainJobs) -> Sequence[dg.SensorDefinition]:
    """Every sensor of a chain; all of them run by default."""
    return [finality_sensor(chain, jobs), terms_sensor(chain, jobs), recompute_sensor(chain, jobs)]


def finality_sensor(chain: ChainSettings, jobs: ChainJobs) -> dg.SensorDefinition:
    """Periods that ended get a partition, the newest one a stake snapshot, final ones a run.

    A period that a provider left open runs again in each later period and on each later day, until it is
    settled.
    """

    @dg.sensor(
        name=f"{chain.chain_id.replace('-', '_')}_finality",
        jobs=[jobs.everything, jobs.snapshot],
        minimum_interval_seconds=_FINALITY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{chain.name}: discovers periods and runs the final ones (lag {chain.finality_lag}).",
    )
    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            with open_warehouse(application="aurora-sensor", migrated=True) as warehouse:
                head = _record_head(warehouse, chain)
                return plan_periods(
                    chain,
                    head,
                    known=known_periods(context.instance, chain.chain_id),
                    requested_up_to=int(context.cursor) if context.cursor else None,
                    left_open=_left_open(warehouse, chain, head),
                )
        except AuroraError as error:
            return dg.SkipReason(f"{chain.chain_id}: {error}")

    return evaluate


def plan_periods(
    chain: ChainSettings,
    head: ChainHead,
    *,
    known: Iterable[int],
    requested_up_to: int | None,
    left_open: Iterable[int],
) -> dg.SensorResult | dg.SkipReason:
    """The partitions to add and the runs to request at this head.

    `known` are the periods with a partition, `requested_up_to` the cursor: the newest period whose run was
    requested. New partitions follow the newest known one, ascending; a chain without any begins at its
    `first_period`, else at its newest final period.
    """
    ended = head.current_period - 1
    final = head.current_period - max(1, chain.finality_lag)
    known = sorted(known)
    begin = known[-1] + 1 if known else final if chain.first_period is None else chain.first_period
    new = list(range(max(0, begin), ended + 1))[:PERIODS_PER_TICK]
    partitioned = [*known, *new]
    after = (min(partitioned) - 1 if partitioned else final) if requested_up_to is None else requested_up_to
    due = [period for period in partitioned if after < period <= final][:PERIODS_PER_TICK]
    again = [
        period for period in left_open if period in partitioned and period <= final and period not in due
    ]
    occasion = f"again-in-{head.current_period}-{head.fetched_at:%Y-%m-%d}"
    requests = [
        *(_period_request(chain, period, f"{chain.chain_id}:{period}:all") for period in due),
        *(_period_request(chain, period, f"{chain.chain_id}:{period}:all:{occasion}") for period in again),
    ]
    if ended in partitioned and any(
        policy.only_during_next_period for policy in chain_source(chain).policies.values()
    ):
        requests.append(
            dg.RunRequest(
                run_key=f"{chain.chain_id}:{ended}:snapshot",
                job_name=snapshot_job_name(chain.chain_id),
                partition_key=str(ended),
                tags={PRIORITY_TAG: _SNAPSHOT_PRIORITY},
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


def _period_request(chain: ChainSettings, period: int, run_key: str) -> dg.RunRequest:
    return dg.RunRequest(run_key=run_key, job_name=job_name(chain.chain_id), partition_key=str(period))


def _record_head(warehouse: Warehouse, chain: ChainSettings) -> ChainHead:
    """The chain's head, recorded in the warehouse; so is a failure to fetch it. Raises AuroraError."""
    config = load_config()
    with warehouse.connect() as connection:
        sync_registry(connection, config)
    try:
        head = anyio.run(_fetch_head, config, chain)
    except AuroraError as error:
        note_failure(warehouse, chain.chain_id, error, f"{chain.chain_id} finality sensor")
        raise
    see_head(warehouse, chain.chain_id, head.current_period)
    return head


async def _fetch_head(config: AuroraConfig, chain: ChainSettings) -> ChainHead:
    async with open_transport(config, chain) as transport:
        return await chain_source(chain).head(transport)


def _left_open(warehouse: Warehouse, chain: ChainSettings, head: ChainHead) -> list[int]:
    """Recent periods with a slice that a provider has not settled."""
    with warehouse.connect() as connection:
        rows = connection.execute(
            read_query("staging/ingestions.open_periods"),
            {"chain_id": chain.chain_id, "since": head.current_period - _REOPENED_PERIODS},
        ).fetchall()
    return [period for (period,) in rows]


def terms_sensor(chain: ChainSettings, jobs: ChainJobs) -> dg.SensorDefinition:
    """Booked periods whose agreements, wallets or rule histories changed are reported as stale and run.

    The runs compute from the canonical facts. Released statements stay as they are; the differences become
    corrections.
    """

    @dg.sensor(
        name=f"{chain.chain_id.replace('-', '_')}_terms",
        job=jobs.recompute,
        minimum_interval_seconds=_TERMS_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{chain.name}: recomputes periods whose agreements or wallets changed.",
    )
    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            with (
                open_warehouse(application="aurora-sensor", migrated=True) as warehouse,
                snapshot(warehouse) as connection,
            ):
                stale = find_stale(connection, chain.chain_id)
        except AuroraError as error:
            return dg.SkipReason(f"{chain.chain_id}: {error}")
        known = known_periods(context.instance, chain.chain_id)
        return plan_stale(chain.chain_id, stale, known=known, cursor=context.cursor)

    return evaluate


def plan_stale(
    chain_id: str, stale: Iterable[StalePeriod], *, known: Collection[int], cursor: str | None
) -> dg.SensorResult:
    """The periods to report as stale and to run: the oldest first, each change of a period once.

    `known` are the periods with a partition. The cursor holds, by period, the run key of what was requested
    and is still stale: a run that failed is not requested again until something changes.
    """
    before: dict[str, str] = json.loads(cursor) if cursor else {}
    wanted = {str(one.period_id): one for one in stale if one.period_id in known}
    keys = {period: _terms_run_key(chain_id, one) for period, one in wanted.items()}
    new = [period for period, key in keys.items() if before.get(period) != key][:PERIODS_PER_TICK]
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


def _terms_run_key(chain_id: str, stale: StalePeriod) -> str:
    # With the booking it follows: earlier terms that come back are another change.
    return f"{chain_id}:{stale.period_id}:terms:{stale.digest.hex()[:16]}:{stale.written_by}"


class RunState(NamedTuple):
    """The state of a recompute's run; `error` is set when it failed."""

    run_id: str
    status: str
    error: str | None


def recompute_sensor(chain: ChainSettings, jobs: ChainJobs) -> dg.SensorDefinition:
    """Ordered recomputes get one run each, over the whole range; the status of the runs is recorded."""

    @dg.sensor(
        name=f"{chain.chain_id.replace('-', '_')}_recomputes",
        jobs=[jobs.everything, jobs.recompute],
        minimum_interval_seconds=_RECOMPUTE_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{chain.name}: runs the recomputes that users ordered.",
    )
    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            with open_warehouse(application="aurora-sensor") as warehouse:
                waiting = record_runs(warehouse, context.instance, chain.chain_id)
        except AuroraError as error:
            return dg.SkipReason(f"{chain.chain_id}: {error}")
        if not waiting:
            return dg.SkipReason(f"{chain.chain_id}: no recompute waits")
        for order in waiting:
            # The range of a run follows the order of the partitions: all of them must exist, in order.
            add_periods(context.instance, chain.chain_id, range(order.from_period, order.to_period + 1))
        return dg.SensorResult(run_requests=[recompute_request(chain.chain_id, order) for order in waiting])

    return evaluate


def record_runs(
    warehouse: Warehouse, instance: dg.DagsterInstance, chain_id: str
) -> list[UnfinishedRecompute]:
    """Record the state of unfinished recomputes' runs; returns those without a run, the oldest first."""
    waiting = []
    with warehouse.transaction() as connection:
        for order in read_unfinished(connection, chain_id):
            state = run_state(instance, order.recompute_id)
            if state is None:
                waiting.append(order)
            elif (state.status, state.run_id) != (order.status, order.dagster_run_id):
                note_status(
                    connection,
                    order.recompute_id,
                    state.status,
                    dagster_run_id=state.run_id,
                    error=state.error,
                )
    return waiting


def recompute_request(chain_id: str, order: UnfinishedRecompute) -> dg.RunRequest:
    """The run of a recompute; its run key makes it one run, however often it is requested."""
    return dg.RunRequest(
        run_key=f"recompute:{order.recompute_id}",
        job_name=job_name(chain_id) if order.force else recompute_job_name(chain_id),
        run_config=refresh_config(chain_id, refresh=True) if order.force else {},
        tags={
            **range_tags(order.from_period, order.to_period),
            RECOMPUTE_TAG: order.recompute_id,
            CORRELATION_TAG: order.correlation_id,
            REQUESTED_BY_TAG: order.requested_by,
            PRIORITY_TAG: _RECOMPUTE_PRIORITY,
        },
    )


def run_state(instance: dg.DagsterInstance, recompute_id: str) -> RunState | None:
    """The state of a recompute's run; None when it has none yet."""
    runs = instance.get_runs(filters=dg.RunsFilter(tags={RECOMPUTE_TAG: recompute_id}), limit=1)
    if not runs:
        return None
    (run,) = runs
    status = _STATUSES.get(run.status, "PENDING")
    error = _failure(_failure_events(instance, run.run_id)) if status == "FAILED" else None
    return RunState(run.run_id, status, error)


def _failure_events(instance: dg.DagsterInstance, run_id: str) -> Iterable[dg.DagsterEvent]:
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        if entry.dagster_event is not None:
            yield entry.dagster_event


def _failure(events: Iterable[dg.DagsterEvent]) -> str:
    messages = "\n".join(f"{step}: {message.strip()}" for step, message in step_failures(events).items())
    return messages[:_ERROR_LENGTH_MAX] or "the run failed outside its steps; see its log in Dagster"
