"""How a rule came to what it paid in a period, as the engine wrote it down; the same for all its lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import strawberry

from aurora_api.schema.enums import LossPolicy, TierMetric, TierMode, TierScope
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.scalars import Bps


@strawberry.type(description="A part of what the tiers measured, and the rate of its tier.")
class RateSlice:
    """A tier as applied."""

    money: Money
    rate_bps: Bps


@strawberry.type(
    description="How a rule came to its total for the period, over all its validators. Read from top to "
    "bottom: losses are set off, the rate or the tiers are applied, then floor and cap. The total is split "
    "over the validators by their bases: one line each."
)
class RateTrace:
    """From the bases of a rule to its total."""

    base: Money = strawberry.field(description="The sum of the positive bases.")
    losses: Money = strawberry.field(description="The sum of the negative bases, as a positive amount.")
    loss_offset: Money = strawberry.field(description="What earlier and present losses took off.")
    net_base: Money = strawberry.field(description="What is paid on.")
    base_before: Money = strawberry.field(
        description="The base to date of the tiers' scope, before this period."
    )
    stake: Money | None = strawberry.field(
        description="The partner's stake under the rule; null where it is not measured."
    )
    rate_bps: Bps | None = strawberry.field(description="The flat rate; null where there are tiers.")
    slices: list[RateSlice] = strawberry.field(
        description="The tiers as applied, to the base to date or to the stake; none with a flat rate."
    )
    earned: Money = strawberry.field(description="The commission before floor and cap.")
    floor_applied: bool = strawberry.field(description="Whether the floor raised the total.")
    cap_applied: bool = strawberry.field(description="Whether the cap lowered the total.")
    floor: Money | None = strawberry.field(description="The rule's floor, if it has one.")
    cap: Money | None = strawberry.field(description="The rule's cap, if it has one.")
    guarantee: bool = strawberry.field(description="Whether the floor is owed even without a base.")
    loss_policy: LossPolicy
    tier_mode: TierMode | None
    tier_metric: TierMetric | None
    tier_scope: TierScope | None


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """The rule's own terms, of the agreement's version that was applied; amounts in native units."""

    floor_amount: int | None
    cap_amount: int | None
    guarantee: bool
    loss_policy: str
    tier_mode: str | None
    tier_metric: str | None
    tier_scope: str | None


def read_rate_trace(stored: Mapping[str, Any], terms: RuleTerms, coin: Coin) -> RateTrace:
    """The trace as the engine stored it: amounts are texts of digits, rates whole numbers."""
    return RateTrace(
        base=coin.money(int(stored["base"])),
        losses=coin.money(int(stored["losses"])),
        loss_offset=coin.money(int(stored["loss_offset"])),
        net_base=coin.money(int(stored["net_base"])),
        base_before=coin.money(int(stored["base_before"])),
        stake=None if stored["stake"] is None else coin.money(int(stored["stake"])),
        rate_bps=None if stored["rate_bps"] is None else Bps(stored["rate_bps"]),
        slices=[
            RateSlice(money=coin.money(int(part["amount"])), rate_bps=Bps(part["rate_bps"]))
            for part in stored["slices"]
        ],
        earned=coin.money(int(stored["earned"])),
        floor_applied=stored["floor_applied"],
        cap_applied=stored["cap_applied"],
        floor=coin.money(terms.floor_amount),
        cap=coin.money(terms.cap_amount),
        guarantee=terms.guarantee,
        loss_policy=LossPolicy(terms.loss_policy),
        tier_mode=None if terms.tier_mode is None else TierMode(terms.tier_mode),
        tier_metric=None if terms.tier_metric is None else TierMetric(terms.tier_metric),
        tier_scope=None if terms.tier_scope is None else TierScope(terms.tier_scope),
    )
