"""What a person says of an agreement, as GraphQL's input, and the way from it to the entries of a file.

The models that check it are those of `partners.yaml`, so that a fault is told in the same words.
"""

from datetime import datetime
from typing import Any

import strawberry

from aurora_api.schema.enums import Component, LossPolicy, Method, TierMetric, TierMode, TierScope
from aurora_api.schema.scalars import Amount, Bps


@strawberry.input(description="Up to upTo, itself included, the rate is rateBps; the last tier has no upTo.")
class AgreementTierInput:
    """A tier."""

    up_to: Amount | None = strawberry.field(default=None, description="In native units of the rule's chain.")
    rate_bps: Bps


@strawberry.input(description="Tiers in ascending order, and how they are read.")
class TierScheduleInput:
    """Tiers."""

    mode: TierMode = TierMode.MARGINAL
    metric: TierMetric = TierMetric.REVENUE
    scope: TierScope = TierScope.PERIOD
    tiers: list[AgreementTierInput]


@strawberry.input(description="What the partner is paid on one component: give one of rateBps and tiers.")
class AgreementRuleInput:
    """A rule."""

    rule_id: str = strawberry.field(
        description="Small letters, digits and hyphens. A rule that keeps its id keeps what it remembers: "
        "losses, and what was earned to date."
    )
    component: Component
    method: Method
    chain_id: str | None = strawberry.field(default=None, description="Null: on any chain.")
    validator_key: str | None = strawberry.field(default=None, description="Null: on any validator.")
    rate_bps: Bps | None = None
    tiers: TierScheduleInput | None = None
    floor: Amount | None = strawberry.field(
        default=None, description="At least so much a period, in native units of the rule's chain."
    )
    cap: Amount | None = strawberry.field(
        default=None, description="At most so much a period, in native units of the rule's chain."
    )
    guarantee: bool = strawberry.field(
        default=False, description="Whether the floor is owed even without a base."
    )
    loss_policy: LossPolicy = LossPolicy.CARRY


def raw_agreement(
    agreement_id: str,
    name: str,
    valid_from: datetime,
    valid_until: datetime | None,
    rules: list[AgreementRuleInput],
    reason: str,
) -> dict[str, Any]:
    """An agreement as it would stand in `partners.yaml`."""
    return {
        "id": agreement_id,
        "name": name,
        "from": valid_from,
        "until": valid_until,
        "reason": reason,
        "rules": [_raw_rule(rule) for rule in rules],
    }


def _raw_rule(rule: AgreementRuleInput) -> dict[str, Any]:
    return {
        "id": rule.rule_id,
        "component": rule.component,
        "method": rule.method,
        "chain": rule.chain_id,
        "validator": rule.validator_key,
        "rate_bps": rule.rate_bps,
        "tiers": None
        if rule.tiers is None
        else {
            "mode": rule.tiers.mode,
            "metric": rule.tiers.metric,
            "scope": rule.tiers.scope,
            "tiers": [{"upto": tier.up_to, "rate_bps": tier.rate_bps} for tier in rule.tiers.tiers],
        },
        "floor": rule.floor,
        "cap": rule.cap,
        "guarantee": rule.guarantee,
        "loss_policy": rule.loss_policy,
    }
