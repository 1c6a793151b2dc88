"""How an asset works through the periods of a run: in ascending order, each complete in itself.

Finished periods stay recorded when a later one fails; the failure names every failed period and its reason.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import anyio
import dagster as dg

from aurora_assets.graph.partitions import selected_periods
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.graph.runs import correlation_id_of
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_resources.errors import AuroraError, NotYetAvailable, PeriodError
from aurora_resources.logs import correlated
from aurora_resources.providers.wiring import open_transport
from aurora_resources.records import ChainHead, Feed, Fetcher
from aurora_resources.warehouse.staging import note_failure, see_head

Metadata: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Callable[[ChainRun, int], Metadata]
FetchingStep: TypeAlias = Callable[[ChainRun, Fetcher, ChainHead, int], Awaitable[Metadata]]

Watcher: TypeAlias = Callable[[str, int], None]
"""Called with an asset's key and a period when that slice is finished, whether it succeeded or failed."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Call `watcher` for every slice that is finished in this context, as a progress bar needs it."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def materialize(
    context: dg.AssetExecutionContext, aurora: AuroraResource, chain_id: str, step: Step
) -> dg.MaterializeResult[Any]:
    """Run `step` for every selected period, ascending. Raises dg.Failure naming the failed periods."""
    run = aurora.chain_run(chain_id, context.run.run_id)
    slices = _Slices(context)
    with _correlated(context):
        for period_id in _periods(context, chain_id):
            try:
                slices.finish(period_id, step(run, period_id))
            except AuroraError as error:
                slices.fail(period_id, error)
    return slices.result()


def materialize_fetched(
    context: dg.AssetExecutionContext, aurora: AuroraResource, chain_id: str, feed: Feed, step: FetchingStep
) -> dg.MaterializeResult[Any]:
    """Fetch the chain's head, then run `step` for every selected period with one set of clients.

    The head and the failures are recorded: the health of the feed's ingestion is read from them. Raises
    dg.Failure naming the failed periods, or all of them when the head cannot be fetched.
    """
    run = aurora.chain_run(chain_id, context.run.run_id)
    slices = _Slices(context)
    periods = _periods(context, chain_id)

    async def fetch_all() -> None:
        async with open_transport(aurora.config, run.settings) as transport:
            head = await run.source.head(transport)
            see_head(run.warehouse, chain_id, head.current_period)
            for period_id in periods:
                try:
                    slices.finish(period_id, await step(run, transport, head, period_id))
                except AuroraError as error:
                    slices.fail(period_id, error)
                    # A run that came too early is no failure of the ingestion.
                    if not isinstance(error, PeriodError | NotYetAvailable):
                        note_failure(
                            run.warehouse, chain_id, error, run.run_id, period_id=period_id, role=feed
                        )

    try:
        with _correlated(context):
            anyio.run(fetch_all)
    except AuroraError as error:
        note_failure(run.warehouse, chain_id, error, run.run_id)
        asked = f"period {periods[0]}" if len(periods) == 1 else f"periods {periods[0]} to {periods[-1]}"
        # Not chained: Dagster shows the innermost error, and that one does not name the periods.
        raise dg.Failure(f"{chain_id}, {asked}: {error}", allow_retries=True) from None
    return slices.result()


def _correlated(context: dg.AssetExecutionContext) -> AbstractContextManager[None]:
    """Log lines written meanwhile carry the run, its correlation id and the asset."""
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


class _Slices:
    """The outcome of each period of one asset in one run."""

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        self._asset = context.asset_key.to_user_string()
        self._finished: dict[int, Metadata] = {}
        self._failed: dict[int, str] = {}

    def finish(self, period_id: int, metadata: Metadata) -> None:
        self._finished[period_id] = metadata
        self._context.log.info(f"{self._asset} {period_id}: done")
        self._notify(period_id)

    def fail(self, period_id: int, error: AuroraError) -> None:
        self._failed[period_id] = str(error)
        self._context.log.error(f"{self._asset} {period_id}: {error}")
        self._notify(period_id)

    def result(self) -> dg.MaterializeResult[Any]:
        """Record the finished periods; raise Failure naming the failed ones, if any."""
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

    def _notify(self, period_id: int) -> None:
        if (watcher := _watcher.get()) is not None:
            watcher(self._asset, period_id)
