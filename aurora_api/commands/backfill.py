"""`aurora backfill CHAIN --from A --to B`: the whole job over a range of periods in one run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dagster as dg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from aurora_api.commands.console import console
from aurora_api.commands.environment import dagster_home
from aurora_assets.graph.backfill import Backfill, slice_count
from aurora_assets.graph.backfill import backfill as run_backfill
from aurora_assets.graph.progress import watching
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.errors import AuroraError, PeriodError
from aurora_resources.warehouse.connection import open_warehouse


class BackfillFailed(AuroraError):  # noqa: N818 - a result, told as one
    """Some slices failed; the others are booked, and running it again completes the rest."""


def backfill(chain_id: str, first: int, last: int, *, refresh: bool) -> None:
    """Run and show progress. Raises PeriodError for an empty range, BackfillFailed naming each failure."""
    if last < first:
        raise PeriodError(f"{chain_id}: --from {first} is after --to {last}; give the older period first")
    config = load_config()
    config.chain(chain_id)
    with open_warehouse(migrated=True), dagster_instance() as instance:
        run_with_progress(config, instance, chain_id, list(range(first, last + 1)), refresh=refresh)


@contextmanager
def dagster_instance() -> Iterator[dg.DagsterInstance]:
    """The instance that the daemon and the user interface use, too."""
    home = dagster_home()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def run_with_progress(
    config: AuroraConfig,
    instance: dg.DagsterInstance,
    chain_id: str,
    periods: Sequence[int],
    *,
    refresh: bool = False,
) -> Backfill:
    """Backfill with a progress bar. Raises BackfillFailed naming every failed step and its reason."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(chain_id, total=slice_count(config, chain_id, periods))

        def advance(asset: str, period_id: int) -> None:
            where = asset.removeprefix(f"{chain_id}/")
            bar.update(task, advance=1, description=f"{chain_id} {period_id} {where:<36}")

        with watching(advance):
            result = run_backfill(config, instance, chain_id, periods, refresh=refresh)
        bar.update(task, description=f"{chain_id} {periods[0]} to {periods[-1]}")
    if not result.succeeded:
        told = "\n".join(f"  {step.replace('__', '/')}: {reason}" for step, reason in result.failures.items())
        raise BackfillFailed(
            f"{chain_id}: run {result.run_id} did not finish; what is finished is booked, and running it "
            f"again completes the rest:\n{told}"
        )
    return result
