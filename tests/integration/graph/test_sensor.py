"""The sensor respects finality: it adds what ended, snapshots the newest, runs what is final, once."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from aurora_assets.graph.sensors import PERIODS_PER_TICK, plan_periods
from aurora_resources.config.files import load_chains
from aurora_resources.config.models import ChainSettings
from aurora_resources.records import ChainHead

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def chain() -> ChainSettings:
    """The checkout's chain: finality_lag 2, books from period 800 on."""
    return load_chains(CHECKOUT)[0]


def head(period: int) -> ChainHead:
    return ChainHead(period, datetime(2026, 1, 1, tzinfo=UTC))


def added(result: dg.SensorResult | dg.SkipReason) -> list[str]:
    assert isinstance(result, dg.SensorResult)
    return [key for request in result.dynamic_partitions_requests or [] for key in request.partition_keys]


def runs(result: dg.SensorResult | dg.SkipReason, job: str = "_all") -> list[str | None]:
    assert isinstance(result, dg.SensorResult)
    return [r.partition_key for r in result.run_requests or [] if (r.job_name or "").endswith(job)]


def test_periods_are_added_when_they_end_and_run_when_they_are_final(chain: ChainSettings) -> None:
    first = plan_periods(chain, head(804), known=[], requested_up_to=None, left_open=[])
    assert added(first) == ["800", "801", "802", "803"]
    assert runs(first) == ["800", "801", "802"]
    assert runs(first, "_stake_snapshot") == ["803"]
    assert isinstance(first, dg.SensorResult)
    assert first.cursor == "802"


def test_the_next_tick_in_the_same_period_asks_for_nothing_new(chain: ChainSettings) -> None:
    again = plan_periods(chain, head(804), known=[800, 801, 802, 803], requested_up_to=802, left_open=[])
    assert added(again) == []
    assert runs(again) == []


def test_a_new_period_brings_one_more_of_each(chain: ChainSettings) -> None:
    later = plan_periods(chain, head(805), known=[800, 801, 802, 803], requested_up_to=802, left_open=[])
    assert added(later) == ["804"]
    assert runs(later) == ["803"]
    assert runs(later, "_stake_snapshot") == ["804"]


def test_a_period_within_the_lag_is_never_run(chain: ChainSettings) -> None:
    lag = chain.model_copy(update={"finality_lag": 3})
    assert runs(plan_periods(lag, head(805), known=[800, 801], requested_up_to=801, left_open=[])) == ["802"]


def test_books_without_a_beginning_begin_with_the_newest_final_period(chain: ChainSettings) -> None:
    open_ended = chain.model_copy(update={"first_period": None})
    first = plan_periods(open_ended, head(900), known=[], requested_up_to=None, left_open=[])
    assert added(first) == ["898", "899"]
    assert runs(first) == ["898"]


def test_one_tick_takes_a_bounded_step(chain: ChainSettings) -> None:
    first = plan_periods(chain, head(2000), known=[], requested_up_to=None, left_open=[])
    assert len(added(first)) == PERIODS_PER_TICK == len(runs(first))


def test_what_providers_still_owe_is_asked_for_in_each_later_period_and_on_each_day(
    chain: ChainSettings,
) -> None:
    known = list(range(800, 806))
    result = plan_periods(chain, head(806), known=known, requested_up_to=804, left_open=[802, 805])
    assert runs(result) == ["802"]
    assert isinstance(result, dg.SensorResult)
    (request,) = [r for r in result.run_requests or [] if r.partition_key == "802"]
    assert request.run_key == "solana-mainnet:802:all:again-in-806-2026-01-01"


def test_nothing_to_do_is_said(chain: ChainSettings) -> None:
    result = plan_periods(chain, head(800), known=[], requested_up_to=None, left_open=[])
    assert isinstance(result, dg.SkipReason)
    assert "nothing new is final" in str(result.skip_message)
