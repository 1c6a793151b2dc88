"""Tiers on a base, and the order losses, rate, floor and cap come in."""

from types import SimpleNamespace

import pytest

from aurora_assets.commission.agreement import LossPolicy, Rule, Tier, TierMetric, TierMode, TierSchedule
from aurora_assets.commission.payout import Payout, calculate_payout
from aurora_assets.commission.tiers import Slice, charge, cut

TIERS = (Tier(100, 1_000), Tier(200, 2_000), Tier(None, 5_000))


def pay(
    rule: Rule, *bases: int, base_before: int = 0, loss_before: int = 0, window: str | None = None
) -> Payout:
    return calculate_payout(
        rule, bases, None, base_before=base_before, loss_before=loss_before, window=window
    )


@pytest.mark.parametrize(
    ("measure", "slices"),
    [
        (0, ()),
        (1, ((1, 1_000),)),
        (100, ((100, 1_000),)),
        (101, ((100, 1_000), (1, 2_000))),
        (1_000, ((100, 1_000), (100, 2_000), (800, 5_000))),
    ],
)
def test_a_measure_is_cut_at_the_thresholds(measure: int, slices: tuple[tuple[int, int], ...]) -> None:
    assert cut(TIERS, measure) == tuple(Slice(*part) for part in slices)


def test_stake_tiers_read_marginally_blend_the_rate() -> None:
    by_stake = TierSchedule(TIERS, metric=TierMetric.STAKE)
    # 100 at 10 % and 50 at 20 % of 150 are 2 of 15.
    assert charge(by_stake, 1_000, 150) == (133, (Slice(100, 1_000), Slice(50, 2_000)))


@pytest.mark.parametrize("mode", TierMode)
def test_without_stake_the_first_tier_applies(mode: TierMode) -> None:
    assert charge(TierSchedule(TIERS, mode, TierMetric.STAKE), 1_000, 0) == (100, (Slice(1_000, 1_000),))


def test_an_unknown_stake_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="unknown stake"):
        charge(TierSchedule(TIERS, metric=TierMetric.STAKE), 1, None)


def test_a_rule_without_rate_and_tiers_is_a_fault(make: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="neither a rate nor tiers"):
        pay(make.rule(rate_bps=None), 1)


def test_losses_of_the_period_and_of_before_are_set_off(make: SimpleNamespace) -> None:
    payout = pay(make.rule(rate_bps=10_000), 100, -30, 50, loss_before=20)
    trace = payout.trace
    assert (trace.base, trace.losses, trace.loss_offset, trace.net_base) == (150, 30, 50, 100)
    assert (payout.total, payout.history.loss_carried) == (100, 0)


def test_a_loss_greater_than_the_base_is_carried_on(make: SimpleNamespace) -> None:
    payout = pay(make.rule(), 10, -30, loss_before=5)
    assert (payout.total, payout.trace.net_base, payout.history.loss_carried) == (0, 0, 25)


def test_without_carrying_one_validators_loss_is_nobody_elses(make: SimpleNamespace) -> None:
    payout = pay(make.rule(rate_bps=10_000, loss_policy=LossPolicy.NO_CARRY), 10, -30)
    assert (payout.total, payout.trace.loss_offset, payout.history.loss_carried) == (10, 0, 0)


@pytest.mark.parametrize(
    ("base", "guarantee", "total", "beside", "floored", "capped"),
    [
        (0, False, 0, 0, False, False),
        (10, False, 50, 0, True, False),
        (50, False, 50, 0, False, False),
        (70, False, 70, 0, False, False),
        (100, False, 100, 0, False, False),
        (101, False, 100, 0, False, True),
        (0, True, 0, 50, True, False),
        (10, True, 10, 40, True, False),
        (50, True, 50, 0, False, False),
        (101, True, 100, 0, False, True),
    ],
)
def test_floor_then_cap(
    make: SimpleNamespace, base: int, total: int, beside: int, *, guarantee: bool, floored: bool, capped: bool
) -> None:
    payout = pay(make.rule(rate_bps=10_000, floor=50, cap=100, guarantee=guarantee), base)
    assert (payout.total, payout.guarantee) == (total, beside)
    assert (payout.trace.floor_applied, payout.trace.cap_applied) == (floored, capped)


def test_a_base_that_losses_ate_up_has_no_floor(make: SimpleNamespace) -> None:
    assert pay(make.rule(floor=50), 10, loss_before=10).total == 0


def test_the_cap_does_not_shorten_the_base_to_date(make: SimpleNamespace) -> None:
    rule = make.rule(tiers=TierSchedule(TIERS), cap=5)
    payout = pay(rule, 150, base_before=90, window="2025-Q1")
    assert payout.trace.earned == (10 + 20 + 20) - 9
    assert (payout.total, payout.history.base_to_date, payout.history.window) == (5, 240, "2025-Q1")


def test_losses_shorten_the_base_to_date(make: SimpleNamespace) -> None:
    payout = pay(make.rule(tiers=TierSchedule(TIERS)), 150, -20, loss_before=30, window="2025-Q1")
    assert (payout.history.base_to_date, payout.history.loss_carried) == (100, 0)
