"""From the bases of one rule to what it pays in a period: losses, scope, rate or tiers, floor, cap.

This is the order of the steps, on plain integers in native units. Who the money goes to, and the split
over validators, is in `engine.py`.
"""

from collections.abc import Collection
from dataclasses import dataclass

from aurora_assets.commission.agreement import LossPolicy, Rule
from aurora_assets.commission.history import RuleState
from aurora_assets.commission.tiers import Slice, charge
from aurora_resources.units import floor_share


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """How a rule came to its total; the same for all its lines of a period. Native units.

    `base` is the sum of the positive bases, `losses` that of the negative ones, `loss_offset` what earlier
    and present losses took off, `net_base` what is paid on. `base_before` is the base to date of the
    quarter or year before this period, `slices` the tiers as applied to the base to date (or to the
    stake, where that is measured marginally); a flat rate has `rate_bps` and no slices. `earned` is the
    commission before `floor` and `cap` were applied.
    """

    base: int
    losses: int
    loss_offset: int
    net_base: int
    base_before: int
    stake: int | None
    rate_bps: int | None
    slices: tuple[Slice, ...]
    earned: int
    floor_applied: bool
    cap_applied: bool


@dataclass(frozen=True, slots=True)
class Payout:
    """What the rule pays on its validators (`total`) and beside them (`guarantee`), and its new history."""

    total: int
    guarantee: int
    trace: RuleTrace
    history: RuleState


def calculate_payout(
    rule: Rule,
    bases: Collection[int],
    stake: int | None,
    *,
    base_before: int,
    loss_before: int,
    window: str | None,
) -> Payout:
    """Pay one rule for one period.

    `bases` is one signed amount for each validator; `stake` the partner's stake under the rule, needed by
    stake tiers only; `base_before` and `loss_before` come from the opened history.
    """
    base = sum(amount for amount in bases if amount > 0)
    losses = -sum(amount for amount in bases if amount < 0)
    to_offset = loss_before + losses if rule.loss_policy is LossPolicy.CARRY else 0
    offset = min(to_offset, base)
    net = base - offset
    earned, slices = _earn(rule, base_before, net, stake)
    floor = rule.floor if rule.floor is not None else 0
    total, guarantee = earned, 0
    if rule.guarantee:
        # Owed whatever the validators earned, so what is lacking is paid beside them, not out of them:
        # otherwise a guarantee above a small revenue would trip the guard, and one without revenue not.
        guarantee = max(0, floor - earned)
    elif net > 0:
        total = max(earned, floor)
    floored = total > earned or guarantee > 0
    capped = rule.cap is not None and total > rule.cap
    if rule.cap is not None:
        total = min(total, rule.cap)
    trace = RuleTrace(
        base, losses, offset, net, base_before, stake, rule.rate_bps, slices, earned, floored, capped
    )
    after = RuleState(base_before + net if window is not None else 0, to_offset - offset, window)
    return Payout(total, guarantee, trace, after)


def _earn(rule: Rule, before: int, net: int, stake: int | None) -> tuple[int, tuple[Slice, ...]]:
    if rule.rate_bps is not None:
        return floor_share(net, rule.rate_bps), ()
    if rule.tiers is None:
        raise ValueError(f"rule {rule.rule_id} has neither a rate nor tiers")
    after, slices = charge(rule.tiers, before + net, stake)
    return after - charge(rule.tiers, before, stake)[0], slices
