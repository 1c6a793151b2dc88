"""What a rule remembers, when it forgets, and what it cannot know."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from aurora_assets.commission.agreement import (
    LossPolicy,
    Rule,
    RuleKey,
    Tier,
    TierMetric,
    TierSchedule,
    TierScope,
)
from aurora_assets.commission.engine import Computation
from aurora_assets.commission.history import RuleState, window_of
from aurora_resources.records import Component

KEY = RuleKey("a", "r", "chain")


def to_date() -> TierSchedule:
    return TierSchedule((Tier(100, 1_000), Tier(None, 5_000)), scope=TierScope.QUARTER)


@pytest.mark.parametrize(
    ("scope", "ends_at", "window"),
    [
        (TierScope.PERIOD, datetime(2025, 3, 31, tzinfo=UTC), None),
        (TierScope.QUARTER, datetime(2025, 3, 31, 23, 59, tzinfo=UTC), "2025-Q1"),
        (TierScope.QUARTER, datetime(2025, 4, 1, tzinfo=UTC), "2025-Q2"),
        (TierScope.QUARTER, datetime(2025, 12, 31, tzinfo=UTC), "2025-Q4"),
        (TierScope.YEAR, datetime(2025, 12, 31, tzinfo=UTC), "2025"),
        # 1 January 00:30 in Zurich is still last year in UTC.
        (TierScope.YEAR, datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2025"),
    ],
)
def test_a_period_belongs_to_the_quarter_it_ends_in(
    scope: TierScope, ends_at: datetime, window: str | None
) -> None:
    assert window_of(scope, ends_at) == window


def tell(
    make: SimpleNamespace,
    rule: Rule,
    *periods: tuple[datetime, int | None],
    history: Mapping[RuleKey, RuleState] | None = None,
) -> list[Computation]:
    """Run (end, revenue) periods in a row; returns the computations."""
    told: list[Computation] = []
    for number, (end, amount) in enumerate(periods):
        facts = make.facts(
            make.revenue(amount, rule.component),
            period_id=number,
            starts_at=end - timedelta(days=2),
            ends_at=end,
        )
        agreement = make.agreement(rule, valid_from=datetime(2020, 1, 1, tzinfo=UTC))
        told.append(make.run(facts, agreement, history=history))
        history = told[-1].history
    return told


def day(month: int, number: int) -> datetime:
    return datetime(2025, month, number, tzinfo=UTC)


def test_a_new_quarter_begins_at_the_lowest_tier(make: SimpleNamespace) -> None:
    told = tell(make, make.rule(tiers=to_date()), (day(3, 10), 100), (day(3, 20), 100), (day(4, 10), 100))
    assert [one.totals["A"].amount for one in told] == [10, 50, 10]
    assert [one.history[KEY] for one in told] == [
        RuleState(100, 0, "2025-Q1"),
        RuleState(200, 0, "2025-Q1"),
        RuleState(100, 0, "2025-Q2"),
    ]


def test_a_loss_outlives_the_quarter(make: SimpleNamespace) -> None:
    told = tell(make, make.rule(tiers=to_date()), (day(3, 10), -30), (day(4, 10), 100))
    assert told[1].totals["A"].amount == 7


def test_a_history_without_a_window_is_taken_as_given(make: SimpleNamespace) -> None:
    rule = make.rule(tiers=to_date())
    (told,) = tell(make, rule, (day(3, 10), 100), history={KEY: RuleState(100, 0)})
    assert told.totals["A"].amount == 50


def test_a_missing_period_leaves_the_base_to_date_unknown_until_a_new_quarter(
    make: SimpleNamespace,
) -> None:
    told = tell(
        make,
        make.rule(tiers=to_date()),
        (day(3, 10), 100),
        (day(3, 20), None),
        (day(3, 30), 5),
        (day(4, 10), 100),
    )
    assert [make.codes(one) for one in told] == [[], ["FACT_MISSING"], ["HISTORY_UNKNOWN"], []]
    assert "recompute that one first" in told[2].findings[0].message
    assert told[2].lines == ()
    assert told[3].totals["A"].amount == 10


@pytest.mark.parametrize(
    ("component", "policy", "loss", "codes"),
    [
        (Component.EXEC_FEES, LossPolicy.CARRY, 0, []),
        (Component.EXEC_FEES, LossPolicy.CARRY, 5, ["HISTORY_UNKNOWN"]),
        (Component.EXEC_FEES, LossPolicy.NO_CARRY, 5, []),
        (Component.VOTE_REWARDS, LossPolicy.CARRY, 0, ["HISTORY_UNKNOWN"]),
        (Component.VOTE_REWARDS, LossPolicy.NO_CARRY, 0, []),
    ],
)
def test_after_a_missing_period_a_loss_is_unknown_where_there_may_be_one(
    make: SimpleNamespace, component: Component, policy: LossPolicy, loss: int, codes: list[str]
) -> None:
    rule = make.rule(component=component, loss_policy=policy)
    history = {KEY: RuleState(0, loss)}
    told = tell(make, rule, (day(3, 10), None), (day(3, 20), 100), history=history)
    assert make.codes(told[1]) == codes


def test_histories_of_other_rules_are_handed_on(make: SimpleNamespace) -> None:
    other = {RuleKey("b", "r", "chain"): RuleState(7, 8, "2025")}
    (told,) = tell(make, make.rule(), (day(3, 10), 100), history=other)
    assert told.history == {**other, KEY: RuleState()}


def test_an_unknown_stake_stops_stake_tiers(make: SimpleNamespace) -> None:
    rule = make.rule(tiers=TierSchedule((Tier(None, 100),), metric=TierMetric.STAKE))
    period = make.facts(make.revenue(100), make.stake("w", None))
    computation = make.run(period, make.agreement(rule), make.claim("w"))
    assert (computation.lines, make.codes(computation)) == ((), ["STAKE_UNKNOWN"])
    assert computation.unresolved == {KEY}
