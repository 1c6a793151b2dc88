"""Steps that are called before what they need is there: each says what is missing, and writes nothing."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from aurora_assets.pipeline import write_facts
from aurora_assets.pipeline.chain_run import ChainRun, chain_run
from aurora_assets.pipeline.checking import CHECKS, run_checks
from aurora_assets.pipeline.commissions import book_commissions
from aurora_resources.errors import PeriodError
from aurora_resources.records import ChainHead
from aurora_resources.warehouse.connection import Warehouse
from tests.integration.solana.conftest import settings_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def run(warehouse: Warehouse) -> ChainRun:
    return chain_run(warehouse, settings_of(validators=None), run_id="out of order")


@pytest.mark.parametrize(
    ("step", "feed"),
    [
        (write_facts.write_period, "periods"),
        (write_facts.write_fees, "fees"),
        (write_facts.write_mev, "mev"),
        (write_facts.write_rewards, "rewards"),
        (write_facts.write_meta, "meta"),
    ],
)
def test_facts_need_staged_responses(
    run: ChainRun, step: Callable[[ChainRun, int], object], feed: str
) -> None:
    with pytest.raises(PeriodError, match=f"nothing is staged for {feed} of period 801.*staging/{feed}"):
        step(run, 801)


def test_commissions_need_a_booked_pnl(run: ChainRun) -> None:
    with pytest.raises(PeriodError, match="period 801 has no P&L; materialize computation/validator_pnl"):
        book_commissions(run, 801)


def test_a_period_is_final_once_the_chain_is_its_lag_ahead(run: ChainRun) -> None:
    lag = run.settings.finality_lag
    run.require_final(ChainHead(801 + lag, NOW), 801)
    with pytest.raises(PeriodError, match=rf"801 is not final: .* in period {800 + lag} .*; it stalls"):
        run.require_final(ChainHead(800 + lag, NOW, "it stalls"), 801)


def test_a_running_period_is_not_over(run: ChainRun) -> None:
    run.require_over(ChainHead(802, NOW), 801)
    with pytest.raises(PeriodError, match="period 801 is not over: the chain is in period 801"):
        run.require_over(ChainHead(801, NOW), 801)


def test_a_period_without_rows_passes_every_check(run: ChainRun) -> None:
    with run.warehouse.connect() as connection:
        outcomes = list(run_checks(connection, run.settings.chain_id, 801, sample=3))
    assert [outcome.check for outcome in outcomes] == list(CHECKS)
    assert {(outcome.offending_rows, outcome.sample) for outcome in outcomes} == {(0, ())}
