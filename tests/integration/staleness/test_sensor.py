"""What one tick asks for: the oldest first, a bounded step, each change once."""

from typing import Any

import dagster as dg

from aurora_assets.graph.sensors import PERIODS_PER_TICK, plan_stale
from aurora_assets.recompute.staleness import StalePeriod

CHAIN = "solana-mainnet"


def stale(*periods: int, digest: bytes = b"a" * 32, written_by: str = "7") -> list[StalePeriod]:
    return [StalePeriod(period, digest, written_by) for period in periods]


def requested(result: dg.SensorResult) -> list[Any]:
    return [request.partition_key for request in result.run_requests or []]


def test_a_tick_takes_a_bounded_step_and_the_next_goes_on() -> None:
    there = range(800, 830)
    first = plan_stale(CHAIN, stale(*there), known=there, cursor=None)
    assert requested(first) == [str(period) for period in there[:PERIODS_PER_TICK]]
    second = plan_stale(CHAIN, stale(*there), known=there, cursor=first.cursor)
    assert requested(second) == [str(period) for period in there[PERIODS_PER_TICK : 2 * PERIODS_PER_TICK]]


def test_a_run_that_failed_is_asked_for_again_when_something_changes() -> None:
    first = plan_stale(CHAIN, stale(800), known=[800], cursor=None)
    waiting = plan_stale(CHAIN, stale(800), known=[800], cursor=first.cursor)
    assert requested(waiting) == []
    assert "1 periods wait" in str(waiting.skip_reason)
    changed = stale(800, digest=b"b" * 32)
    assert requested(plan_stale(CHAIN, changed, known=[800], cursor=waiting.cursor)) == ["800"]
    settled = plan_stale(CHAIN, [], known=[800], cursor=waiting.cursor)
    assert requested(plan_stale(CHAIN, stale(800), known=[800], cursor=settled.cursor)) == ["800"]


def test_only_periods_with_a_partition_are_asked_for() -> None:
    assert requested(plan_stale(CHAIN, stale(799, 800), known=[800], cursor=None)) == ["800"]


def test_the_run_key_names_the_change() -> None:
    (request,) = plan_stale(CHAIN, stale(800), known=[800], cursor=None).run_requests or []
    assert request.run_key == "solana-mainnet:800:terms:6161616161616161:7"
    assert request.job_name == "solana_mainnet_recompute"
