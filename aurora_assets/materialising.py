"""How every asset works through its periods: one after the other, each complete in itself.

What is finished stays recorded when a later period fails; the failure names every period and its reason.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import anyio
import dagster as dg

from aurora_assets.partitions import selected_periods
from aurora_assets.progress import slice_done
from aurora_assets.resources import AuroraResource
from aurora_assets.steps.ingest import ChainRun
from aurora_resources.errors import AuroraError
from aurora_resources.records import Asks, ChainHead
from aurora_resources.wiring import open_transport

Metadata: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Callable[[ChainRun, int], Metadata]
AskingStep: TypeAlias = Callable[[ChainRun, Asks, ChainHead, int], Awaitable[Metadata]]


def materialise(
    context: dg.AssetExecutionContext, aurora: AuroraResource, chain_id: str, step: Step
) -> dg.MaterializeResult[Any]:
    """Run `step` for every selected period, ascending."""
    run = aurora.chain_run(chain_id, context.run.run_id)
    progress = _Progress(context)
    for period_id in _periods(context, chain_id):
        try:
            progress.done(period_id, step(run, period_id))
        except AuroraError as error:
            progress.failed(period_id, error)
    return progress.result()


def materialise_asking(
    context: dg.AssetExecutionContext, aurora: AuroraResource, chain_id: str, step: AskingStep
) -> dg.MaterializeResult[Any]:
    """Run `step` for every selected period with one set of clients, having asked where the chain is."""
    run = aurora.chain_run(chain_id, context.run.run_id)
    progress = _Progress(context)
    periods = _periods(context, chain_id)

    async def ask_all() -> None:
        async with open_transport(aurora.config, run.settings) as transport:
            head = await run.source.head(transport)
            for period_id in periods:
                try:
                    progress.done(period_id, await step(run, transport, head, period_id))
                except AuroraError as error:
                    progress.failed(period_id, error)

    try:
        anyio.run(ask_all)
    except AuroraError as error:
        asked = f"period {periods[0]}" if len(periods) == 1 else f"periods {periods[0]} to {periods[-1]}"
        # Not chained: who shows the run shows the innermost error, which does not know the periods.
        raise dg.Failure(f"{chain_id}, {asked}: {error}", allow_retries=True) from None
    return progress.result()


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
