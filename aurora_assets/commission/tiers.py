"""What a tier schedule makes of a base, in exact integers: products first, then one division, rounded down.

A tier is (lower, upper]: exactly at the threshold is still the lower tier. Bases and thresholds are native
units, never negative here; rates are basis points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aurora_assets.commission.agreement import Tier, TierMetric, TierMode, TierSchedule
from aurora_resources.units import BPS, floor_share


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of what was measured (base, or stake for stake tiers read marginally), and its rate."""

    amount: int
    rate_bps: int


def charge(schedule: TierSchedule, base: int, stake: int | None) -> tuple[int, tuple[Slice, ...]]:
    """The commission on `base`, and the slices it was made of.

    `stake` is the partner's stake under the rule, measured by stake tiers. Read marginally, these give a
    rate blended over the stake, which is applied to the base without rounding the rate. Raises ValueError
    if the stake is to be measured and is not known.
    """
    measure = stake if schedule.metric is TierMetric.STAKE else base
    if measure is None:
        raise ValueError("stake tiers cannot measure an unknown stake")
    if schedule.mode is TierMode.CLIFF or measure == 0:
        rate_bps = next(t.rate_bps for t in schedule.tiers if t.upper is None or measure <= t.upper)
        return floor_share(base, rate_bps), (Slice(base, rate_bps),)
    slices = cut(schedule.tiers, measure)
    weighted = sum(part.amount * part.rate_bps for part in slices)
    # For revenue tiers base and measure are the same, and this is weighted // BPS.
    return base * weighted // (measure * BPS), slices


def cut(tiers: Sequence[Tier], measure: int) -> tuple[Slice, ...]:
    """`measure` cut at the thresholds, lowest first, without empty slices; the slices sum to it."""
    slices: list[Slice] = []
    lower = 0
    for tier in tiers:
        upper = measure if tier.upper is None else min(tier.upper, measure)
        if upper > lower:
            slices.append(Slice(upper - lower, tier.rate_bps))
            lower = upper
    return tuple(slices)
