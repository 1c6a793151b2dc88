"""`aurora backfill CHAIN --from A --to B`: the whole job over a range of periods in one run.

Raises PeriodError for an empty range, BackfillFailed naming each failure.
"""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from aurora_api.commands.arguments import Chain, First, Last
from aurora_api.commands.console import console
from aurora_api.commands.environment import dagster_home
from aurora_assets.graph.backfill import Backfill, Instance, open_instance, slice_count
from aurora_assets.graph.backfill import backfill as run_backfill
from aurora_assets.graph.materialize import watching
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.errors import AuroraError, PeriodError
from aurora_resources.warehouse.connection import open_warehouse


class BackfillFailed(AuroraError):  # noqa: N818 - the outcome of a run, raised to end the command
    """Some slices failed; the others are booked, and running the command again completes the rest."""


app = typer.Typer(add_completion=False)


@app.command()
def backfill(
    chain: Chain,
    *,
    first: First,
    last: Last,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch settled periods again, too.")] = False,
) -> None:
    """Fetch, normalize, compute and book a range of periods in one run."""
    if last < first:
        raise PeriodError(f"{chain}: --from {first} is after --to {last}; give the older period first")
    config = load_config()
    config.chain(chain)
    with open_warehouse(migrated=True), open_instance(dagster_home()) as instance:
        run_with_progress(config, instance, chain, list(range(first, last + 1)), refresh=refresh)


def run_with_progress(
    config: AuroraConfig,
    instance: Instance,
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
            name = asset.removeprefix(f"{chain_id}/")
            bar.update(task, advance=1, description=f"{chain_id} {period_id} {name:<36}")

        with watching(advance):
            result = run_backfill(config, instance, chain_id, periods, refresh=refresh)
        bar.update(task, description=f"{chain_id} {periods[0]} to {periods[-1]}")
    if not result.succeeded:
        failures = "\n".join(
            f"  {step.replace('__', '/')}: {reason}" for step, reason in result.failures.items()
        )
        raise BackfillFailed(
            f"{chain_id}: run {result.run_id} did not finish; what is finished is booked, and running it "
            f"again completes the rest:\n{failures}"
        )
    return result
