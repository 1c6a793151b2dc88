"""How every asset works through its periods: one after the other, each complete in itself.

What is finished stays recorded when a later period fails; the failure names every period and its reason.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import anyio
import dagster as dg

from aurora_assets.graph.partitions import selected_periods
from aurora_assets.graph.progress import slice_done
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.graph.run_logs import correlation_id_of
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_resources.errors import AuroraError, NotYetAvailable, PeriodError
from aurora_resources.logs import correlated
from aurora_resources.providers.wiring import open_transport
from aurora_resources.records import ChainHead, Feed, Fetcher
from aurora_resources.warehouse.watching import note_failure, see_head

Metadata: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Callable[[ChainRun, int], Metadata]
AskingStep: TypeAlias = Callable[[ChainRun, Fetcher, ChainHead, int], Awaitable[Metadata]]


def materialise(
    context: dg.AssetExecutionContext, aurora: AuroraResource, chain_id: str, step: Step
) -> dg.MaterializeResult[Any]:
    """Run `step` for every selected period, ascending."""
    run = aurora.chain_run(chain_id, context.run.run_id)
    progress = _Progress(context)
    with _named(context):
        for period_id in _periods(context, chain_id):
            try:
                progress.done(period_id, step(run, period_id))
            except AuroraError as error:
                progress.failed(period_id, error)
    return progress.result()


def materialise_asking(
    context: dg.AssetExecutionContext, aurora: AuroraResource, chain_id: str, role: Feed, step: AskingStep
) -> dg.MaterializeResult[Any]:
    """Run `step` for every selected period with one set of clients, having asked where the chain is.

    Where the chain is, and what fails, is written down: it decides how healthy the ingestion of `role` is.
    """
    run = aurora.chain_run(chain_id, context.run.run_id)
    progress = _Progress(context)
    periods = _periods(context, chain_id)

    async def fetch_all() -> None:
        async with open_transport(aurora.config, run.settings) as transport:
            head = await run.source.head(transport)
            see_head(run.warehouse, chain_id, head.current_period)
            for period_id in periods:
                try:
                    progress.done(period_id, await step(run, transport, head, period_id))
                except AuroraError as error:
                    progress.failed(period_id, error)
                    # Whoever asks too early learns that; the ingestion is well.
                    if not isinstance(error, PeriodError | NotYetAvailable):
                        note_failure(
                            run.warehouse, chain_id, error, run.run_id, period_id=period_id, role=role
                        )

    try:
        with _named(context):
            anyio.run(fetch_all)
    except AuroraError as error:
        note_failure(run.warehouse, chain_id, error, run.run_id)
        asked = f"period {periods[0]}" if len(periods) == 1 else f"periods {periods[0]} to {periods[-1]}"
        # Not chained: who shows the run shows the innermost error, which does not know the periods.
        raise dg.Failure(f"{chain_id}, {asked}: {error}", allow_retries=True) from None
    return progress.result()


def _named(context: dg.AssetExecutionContext) -> AbstractContextManager[None]:
    """What is logged meanwhile is the run's, and whoever's the run is."""
    return correlated(
        correlation_id_of(context.run.tags, context.run.run_id),
        run_id=context.run.run_id,
        asset=context.asset_key.to_user_string(),
    )


def _periods(context: dg.AssetExecutionContext, chain_id: str) -> Sequence[int]:
    try:
        return selected_periods(chain_id, context.partition_keys)
    except AuroraError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


class _Progress:
    """What happened to each period of one asset in one run."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        self._finished: dict[int, Metadata] = {}
        self._failed: dict[int, str] = {}

    def done(self, period_id: int, metadata: Metadata) -> None:
        self._finished[period_id] = metadata
        self._context.log.info(f"{self._context.asset_key.to_user_string()} {period_id}: done")
        slice_done(self._context.asset_key.to_user_string(), period_id)

    def failed(self, period_id: int, error: AuroraError) -> None:
        self._failed[period_id] = str(error)
        self._context.log.error(f"{self._context.asset_key.to_user_string()} {period_id}: {error}")
        slice_done(self._context.asset_key.to_user_string(), period_id)

    def result(self) -> dg.MaterializeResult[Any]:
        """Record the finished periods; raise Failure naming the others, if any."""
        if self._failed:
            for period_id, metadata in self._finished.items():
                self._context.log_event(
                    dg.AssetMaterialization(
                        self._context.asset_key, partition=str(period_id), metadata=dict(metadata)
                    )
                )
            raise dg.Failure(
                "; ".join(f"period {period_id}: {reason}" for period_id, reason in self._failed.items()),
                metadata={"failed_periods": list(self._failed)},
                allow_retries=True,
            )
        for period_id, metadata in self._finished.items():
            self._context.add_asset_metadata(dict(metadata), partition_key=str(period_id))
        return dg.MaterializeResult()
