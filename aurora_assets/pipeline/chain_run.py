"""One chain during one run: its settings, its source, the warehouse, and what counts as final."""

from dataclasses import dataclass

from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import PeriodError
from aurora_resources.providers.chain_source import ChainSource
from aurora_resources.providers.wiring import chain_source
from aurora_resources.records import ChainHead
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.registry import with_declared


@dataclass(frozen=True, slots=True)
class ChainRun:
    """What every step of one chain needs; `run_id` is recorded with what it writes."""

    settings: ChainSettings
    source: ChainSource
    warehouse: Warehouse
    run_id: str

    def require_final(self, head: ChainHead, period_id: int) -> None:
        """Raise PeriodError when the period is not final under the chain's `finality_lag`."""
        lag = max(1, self.settings.finality_lag)
        if period_id + lag > head.current_period:
            raise PeriodError(
                f"{self.settings.chain_id}: period {period_id} is not final: the chain is in period "
                f"{head.current_period} and finality_lag is {self.settings.finality_lag}; "
                f"it will be when period {period_id + lag} starts{_noted(head)}"
            )

    def require_over(self, head: ChainHead, period_id: int) -> None:
        """Raise PeriodError when the period is running or lies in the future."""
        if period_id >= head.current_period:
            raise PeriodError(
                f"{self.settings.chain_id}: period {period_id} is not over: "
                f"the chain is in period {head.current_period}{_noted(head)}"
            )


def chain_run(warehouse: Warehouse, chain: ChainSettings, run_id: str) -> ChainRun:
    """The run of `chain` outside Dagster, with the validators registered through the API.

    `warehouse` is migrated.
    """
    with warehouse.connect() as connection:
        settings = with_declared(connection, chain)
    return ChainRun(settings, chain_source(settings), warehouse, run_id)


def _noted(head: ChainHead) -> str:
    return f"; {head.note}" if head.note else ""
