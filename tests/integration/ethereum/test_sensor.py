"""Windows of a chain whose history does not fade: no snapshot is hurried, open ones are tried every day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from aurora_assets.graph.sensors import plan_periods
from aurora_resources.config.files import load_chains
from aurora_resources.records import ChainHead
from tests.integration.ethereum.conftest import ETHEREUM

CHECKOUT = Path(__file__).resolve().parents[3]


def test_final_windows_run_and_open_ones_again_each_day() -> None:
    chain = next(found for found in load_chains(CHECKOUT) if found.chain_id == ETHEREUM)
    first = chain.first_period
    assert first is not None
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def planned(time: datetime, *left_open: int) -> dict[str | None, str | None]:
        known = range(first, first + 3)
        result = plan_periods(
            chain, ChainHead(first + 3, time), known=known, requested_up_to=first + 2, left_open=left_open
        )
        if isinstance(result, dg.SkipReason):
            return {}
        return {request.run_key: request.partition_key for request in result.run_requests or []}

    assert planned(now) == {}, "no snapshot is asked for"
    again = planned(now, first + 1)
    assert list(again.values()) == [str(first + 1)]
    assert planned(now + timedelta(hours=1), first + 1) == again
    assert set(planned(now + timedelta(days=1), first + 1)).isdisjoint(again)
