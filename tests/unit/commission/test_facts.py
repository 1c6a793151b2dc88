"""Facts refuse bad values when they are made."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from aurora_assets.commission.facts import PeriodFacts, Revenue
from aurora_resources.records import Component, FactState


@pytest.mark.parametrize("amount", [1.0, True, "1"])
def test_an_amount_is_an_int(make: SimpleNamespace, amount: object) -> None:
    for build in (make.revenue, lambda value: make.stake("w", value), lambda value: make.client("w", value)):
        with pytest.raises(ValueError, match="whole int in native units"):
            build(amount)


@pytest.mark.parametrize(("amount", "state"), [(None, FactState.FINAL), (0, FactState.MISSING)])
def test_missing_and_only_missing_has_no_amount(amount: int | None, state: FactState) -> None:
    with pytest.raises(ValueError, match="MISSING, and only MISSING, has no amount"):
        Revenue("v1", Component.EXEC_FEES, amount, state)


def test_revenue_may_be_negative_and_stake_may_not(make: SimpleNamespace) -> None:
    assert make.revenue(-1).amount == -1
    with pytest.raises(ValueError, match="stake of w on v1 is negative"):
        make.stake("w", -1)


def test_a_period_has_a_length_and_a_time_zone(make: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="period 1: it ends before it starts"):
        make.facts(starts_at=make.end, ends_at=make.start)
    for times in [(datetime(2025, 1, 1), make.end), (make.start, datetime(2025, 4, 1))]:  # noqa: DTZ001
        with pytest.raises(ValueError, match="no time zone"):
            PeriodFacts("chain", 1, *times, ())
    assert make.facts().starts_at.tzinfo is UTC


def test_a_component_of_a_validator_has_one_row(make: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="more than one revenue row for v1 COMMISSION"):
        make.facts(make.revenue(1), make.revenue(1))
