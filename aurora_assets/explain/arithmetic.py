"""The steps from a rule's bases to the amount of a line, each computed again: pure, without a database.

Each step has its formula with the numbers in it, its result, and the booked result. The steps and their
order are those of the engine (`commission/payout.py`); all amounts are native units. How a base is found is
shown by its attribution method (`commission/methods/`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aurora_assets.commission.agreement import Rule, TierMetric, TierMode, TierSchedule
from aurora_assets.commission.tiers import charge, cut
from aurora_resources.units import BPS, floor_share, split_exactly

_NAMED_BASES = 6


@dataclass(frozen=True, slots=True)
class Step:
    """`amount` is the result of the formula, None if one of its numbers is not known any more.

    `booked` is the stored result, None where none is stored.
    """

    what: str
    formula: str
    amount: int | None
    booked: int | None = None

    @property
    def holds(self) -> bool:
        """Whether the result equals the booked one."""
        return self.booked is None or self.booked == self.amount


@dataclass(frozen=True, slots=True)
class Trace:
    """The stored trace of the rule's total, and the amounts of the line; native units."""

    base: int
    losses: int
    loss_offset: int
    net_base: int
    base_before: int
    stake: int | None
    earned: int
    claimed: int
    amount: int


def compute_steps(
    rule: Rule,
    trace: Trace,
    bases: Mapping[str, int],
    validator_key: str | None,
    revenue: int | None,
    claims: Mapping[tuple[str, ...], int],
    claim: tuple[str, ...],
) -> tuple[Step, ...]:
    """The steps from the bases of a rule to one of its lines.

    `bases` are the signed bases of all its lines, by validator; `claims` is what every rule claims of this
    line's `revenue`, and `claim` is the key of the line's own. A guarantee has no validator and no revenue.
    """
    return tuple(_steps(rule, trace, bases, validator_key, revenue, claims, claim))


def _steps(
    rule: Rule,
    trace: Trace,
    bases: Mapping[str, int],
    validator_key: str | None,
    revenue: int | None,
    claims: Mapping[tuple[str, ...], int],
    claim: tuple[str, ...],
) -> Iterator[Step]:
    positive = {key: max(0, base) for key, base in bases.items()}
    base = sum(positive.values())
    yield Step("base of the rule", _sum_of([part for part in positive.values() if part]), base, trace.base)
    if trace.losses or trace.loss_offset:
        losses = -sum(part for part in bases.values() if part < 0)
        yield Step("losses of this period", "sum of the negative bases", losses, trace.losses)
        net = base - trace.loss_offset
        yield Step("paid on", f"{base:,} − {trace.loss_offset:,} set off against losses", net, trace.net_base)
    yield from _rate_steps(rule, trace)
    if rule.guarantee:
        lacking = max(0, (rule.floor or 0) - trace.earned)
        own = trace.claimed if validator_key is None else None
        yield Step("guarantee", f"{rule.floor or 0:,} − {trace.earned:,}, not below 0", lacking, own)
    total = trace.earned
    if rule.floor is not None and not rule.guarantee and trace.net_base > 0:
        total = max(total, rule.floor)
        yield Step("floor", f"at least {rule.floor:,}", total)
    if rule.cap is not None:
        yield Step("cap", f"at most {rule.cap:,}, of {total:,}", min(total, rule.cap))
        total = min(total, rule.cap)
    if validator_key is None:
        return
    part = split_exactly(total, positive)[validator_key]
    formula = f"{total:,} × {positive[validator_key]:,} / {base:,}, by largest remainder" if base else "0"
    yield Step("this validator's part", formula, part, trace.claimed)
    claimed, limit = sum(claims.values()), max(0, revenue or 0)
    if claimed > limit:
        scaled = split_exactly(limit, claims)[claim]
        formula = f"{limit:,} × {trace.claimed:,} / {claimed:,}, by largest remainder: all claim too much"
        yield Step("revenue guard", formula, scaled, trace.amount)
    elif claims:
        yield Step("revenue guard", f"all claim {claimed:,} of {limit:,}", part, trace.amount)


def _rate_steps(rule: Rule, trace: Trace) -> Iterator[Step]:
    if rule.rate_bps is not None:
        formula = f"{trace.net_base:,} × {rule.rate_bps} / {BPS:,}, rounded down"
        yield Step("flat rate", formula, floor_share(trace.net_base, rule.rate_bps), trace.earned)
        return
    if rule.tiers is None:
        raise ValueError(f"rule {rule.rule_id} has neither a rate nor tiers")
    if not trace.base_before:
        formula, earned = _charged(rule.tiers, trace.net_base, trace.stake)
        yield Step("tiers", formula, earned, trace.earned)
        return
    formula, after = _charged(rule.tiers, trace.base_before + trace.net_base, trace.stake)
    yield Step(f"tiers, {rule.scope.lower()} to date", formula, after)
    formula, before = _charged(rule.tiers, trace.base_before, trace.stake)
    yield Step(f"tiers, {rule.scope.lower()} before this period", formula, before)
    yield Step("earned in this period", f"{after:,} − {before:,}", after - before, trace.earned)


def _charged(schedule: TierSchedule, base: int, stake: int | None) -> tuple[str, int]:
    """The formula of a schedule on a base, and its result."""
    amount, slices = charge(schedule, base, stake)
    measure = stake if schedule.metric is TierMetric.STAKE else base
    if schedule.mode is TierMode.CLIFF or not measure:
        reached = f" (the tier of a stake of {stake:,})" if schedule.metric is TierMetric.STAKE else ""
        return f"{base:,} × {slices[0].rate_bps}{reached} / {BPS:,}, rounded down", amount
    products = " + ".join(f"{part.amount:,} × {part.rate_bps}" for part in cut(schedule.tiers, measure))
    if schedule.metric is TierMetric.STAKE:
        return f"{base:,} × ({products}) / ({measure:,} × {BPS:,}), rounded down", amount
    return f"({products}) / {BPS:,}, rounded down", amount


def _sum_of(parts: list[int]) -> str:
    if not parts:
        return "no base"
    if len(parts) > _NAMED_BASES:
        return f"sum over {len(parts)} validators"
    return " + ".join(f"{part:,}" for part in parts)
