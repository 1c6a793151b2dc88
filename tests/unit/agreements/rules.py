"""A rule in which every field has a value of its own."""

from typing import Final

from aurora_assets.commission.agreement import (
    LossPolicy,
    Method,
    Rule,
    Tier,
    TierMetric,
    TierMode,
    TierSchedule,
    TierScope,
)
from aurora_resources.records import Component

FULL: Final = Rule(
    rule_id="full",
    order=2,
    component=Component.MEV_TIPS,
    method=Method.CLIENT_REVENUE,
    chain_id="chain",
    validator_key="validator",
    rate_bps=2500,
    tiers=TierSchedule(
        tiers=(Tier(2**200, 100), Tier(None, 200)),
        mode=TierMode.CLIFF,
        metric=TierMetric.STAKE,
        scope=TierScope.QUARTER,
    ),
    floor=3,
    cap=2**255,
    guarantee=True,
    loss_policy=LossPolicy.NO_CARRY,
)
