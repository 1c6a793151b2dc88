"""Run a chain's whole job over a range of periods in one run, in this process.

The same job, instance and records as in Dagster's daemon and user interface; used by the command line.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import dagster as dg

from aurora_assets.graph.definitions import build_definitions
from aurora_assets.graph.jobs import job_name, refresh_config
from aurora_assets.graph.partitions import add_periods
from aurora_assets.graph.runs import range_tags, step_failures
from aurora_resources.config.models import AuroraConfig
from aurora_resources.errors import PeriodError

Instance: TypeAlias = dg.DagsterInstance
"""Dagster's records of runs and partitions."""


@dataclass(frozen=True, slots=True)
class Backfill:
    """The outcome of a backfill. `failures` are the messages of failed steps, by step."""

    run_id: str
    succeeded: bool
    failures: dict[str, str]


@contextmanager
def open_instance(home: Path) -> Iterator[Instance]:
    """The instance configured by `home`/dagster.yaml, which the daemon and the user interface use as well."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def backfill(
    config: AuroraConfig,
    instance: Instance,
    chain_id: str,
    periods: Sequence[int],
    *,
    refresh: bool = False,
) -> Backfill:
    """Materialize everything of `chain_id` for `periods`, a gapless ascending range.

    `refresh` fetches again even where nothing is left open. Raises PeriodError for an empty range or one
    with gaps; failed steps are in the result.
    """
    config.chain(chain_id)
    if not periods or list(periods) != list(range(periods[0], periods[-1] + 1)):
        raise PeriodError(f"{chain_id}: a backfill takes a gapless range of periods, oldest first")
    add_periods(instance, chain_id, periods)
    job = build_definitions(config.chains).resolve_job_def(job_name(chain_id))
    whole = _run(job, instance, chain_id, periods, refresh=refresh)
    # Dagster skips what is downstream of a failed step for every period. The periods that did not fail run
    # again on their own, oldest first, since later periods build on earlier ones; settled slices are not
    # fetched again.
    failed = _failed_periods(whole.all_events)
    failures = dict(step_failures(whole.all_events))
    waiting = _ranges([period for period in periods if period not in failed]) if failed else []
    while waiting:
        part = waiting.pop(0)
        again = _run(job, instance, chain_id, part, refresh=refresh)
        range_text = f"{part[0]} to {part[-1]}"
        failures |= {
            f"{step} ({range_text})": message for step, message in step_failures(again.all_events).items()
        }
        if failed := _failed_periods(again.all_events):
            waiting = _ranges([period for period in part if period not in failed]) + waiting
    return Backfill(run_id=whole.run_id, succeeded=whole.success, failures=failures)


def slice_count(config: AuroraConfig, chain_id: str, periods: Sequence[int]) -> int:
    """How many slices (asset and period) a backfill materializes."""
    job = build_definitions(config.chains).resolve_job_def(job_name(chain_id))
    return len(list(job.asset_layer.executable_asset_keys)) * len(periods)


def _run(
    job: dg.JobDefinition,
    instance: Instance,
    chain_id: str,
    periods: Sequence[int],
    *,
    refresh: bool,
) -> dg.ExecuteInProcessResult:
    return job.execute_in_process(
        instance=instance,
        raise_on_error=False,
        run_config={
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            **refresh_config(chain_id, refresh=refresh),
        },
        tags=range_tags(periods[0], periods[-1]),
    )


def _failed_periods(events: Sequence[dg.DagsterEvent]) -> set[int]:
    """The periods that failed steps name in their metadata; none when a step failed as a whole."""
    failed: set[int] = set()
    for event in events:
        if event.is_step_failure and (failure := event.step_failure_data.user_failure_data) is not None:
            named = failure.metadata.get("failed_periods")
            if named is not None and isinstance(named.value, list):
                failed.update(map(int, named.value))
    return failed


def _ranges(periods: Sequence[int]) -> list[list[int]]:
    """Ascending periods as gapless ranges."""
    ranges: list[list[int]] = []
    for period in periods:
        if ranges and ranges[-1][-1] == period - 1:
            ranges[-1].append(period)
        else:
            ranges.append([period])
    return ranges
