"""One sensor a chain: takes up the recomputes that people asked for, and keeps how their runs go.

Each is one run of the chain's job over the whole range, tagged with who asked and in which request.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PRIORITY_TAG,
)

from aurora_assets.graph.failures import step_failures
from aurora_assets.graph.jobs import ChainJobs, asking_config, job_name, recompute_job_name
from aurora_assets.graph.partitions import add_periods
from aurora_assets.graph.run_logs import CORRELATION_TAG
from aurora_assets.recompute.queue import UnfinishedRecompute, note_status, read_unfinished
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import AuroraError
from aurora_resources.warehouse.connection import Warehouse, open_warehouse

INTERVAL_SECONDS: Final = 5
RECOMPUTE_TAG: Final = "aurora/recompute_id"
REQUESTED_BY_TAG: Final = "aurora/requested_by"
_ERROR_LENGTH_MAX: Final = 4000

_STATUSES: Final[Mapping[dg.DagsterRunStatus, str]] = {
    dg.DagsterRunStatus.STARTED: "RUNNING",
    dg.DagsterRunStatus.CANCELING: "RUNNING",
    dg.DagsterRunStatus.SUCCESS: "SUCCESS",
    dg.DagsterRunStatus.FAILURE: "FAILED",
    dg.DagsterRunStatus.CANCELED: "CANCELED",
}
"""Every other status of a run is one before it starts: PENDING."""


class RunState(NamedTuple):
    """How a recompute's run goes."""

    run_id: str
    status: str
    error: str | None


def recompute_sensor(chain: ChainSettings, jobs: ChainJobs) -> dg.SensorDefinition:
    """Look into the queue, and at the runs of what was taken up."""

    @dg.sensor(
        name=f"{chain.chain_id.replace('-', '_')}_recomputes",
        jobs=[jobs.everything, jobs.recompute],
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{chain.name}: runs the recomputes that people asked for.",
    )
    def take_up(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            with open_warehouse(application="aurora-sensor") as warehouse:
                waiting = follow(warehouse, context.instance, chain.chain_id)
        except AuroraError as error:
            return dg.SkipReason(f"{chain.chain_id}: {error}")
        if not waiting:
            return dg.SkipReason(f"{chain.chain_id}: no recompute waits")
        for order in waiting:
            # A range in a run is by the order of the partitions, so all of them must be there, in order.
            add_periods(context.instance, chain.chain_id, range(order.from_period, order.to_period + 1))
        return dg.SensorResult(run_requests=[run_request(chain.chain_id, order) for order in waiting])

    return take_up


def follow(warehouse: Warehouse, instance: dg.DagsterInstance, chain_id: str) -> list[UnfinishedRecompute]:
    """Keep how the runs of unfinished recomputes go; those that have none yet, the oldest first."""
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


def run_request(chain_id: str, order: UnfinishedRecompute) -> dg.RunRequest:
    """The run of a recompute; its key makes it one, however often it is requested."""
    return dg.RunRequest(
        run_key=f"recompute:{order.recompute_id}",
        job_name=job_name(chain_id) if order.force else recompute_job_name(chain_id),
        run_config=asking_config(chain_id, refresh=True) if order.force else {},
        tags={
            ASSET_PARTITION_RANGE_START_TAG: str(order.from_period),
            ASSET_PARTITION_RANGE_END_TAG: str(order.to_period),
            RECOMPUTE_TAG: order.recompute_id,
            CORRELATION_TAG: order.correlation_id,
            REQUESTED_BY_TAG: order.requested_by,
            # Somebody waits for it; snapshots of stake, which cannot be made up for, go first still.
            PRIORITY_TAG: "5",
        },
    )


def run_state(instance: dg.DagsterInstance, recompute_id: str) -> RunState | None:
    """How the run of a recompute goes; None when it has none yet."""
    runs = instance.get_runs(filters=dg.RunsFilter(tags={RECOMPUTE_TAG: recompute_id}), limit=1)
    if not runs:
        return None
    (run,) = runs
    status = _STATUSES.get(run.status, "PENDING")
    error = _error(_events(instance, run.run_id)) if status == "FAILED" else None
    return RunState(run.run_id, status, error)


def _events(instance: dg.DagsterInstance, run_id: str) -> Iterable[dg.DagsterEvent]:
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        if entry.dagster_event is not None:
            yield entry.dagster_event


def _error(events: Iterable[dg.DagsterEvent]) -> str:
    told = "\n".join(f"{step}: {message.strip()}" for step, message in step_failures(events).items())
    return told[:_ERROR_LENGTH_MAX] or "the run failed outside its steps; Dagster's log of it says why"
