"""The rules of an agreement's version, read for all versions of a page at once."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import strawberry

from aurora_api.context.request import Reader
from aurora_api.schema.enums import Component, LossPolicy, Method, TierMetric, TierMode, TierScope
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.scalars import Amount, Bps

VersionKey: TypeAlias = tuple[str, int]


class _RuleRow(NamedTuple):
    agreement_id: str
    version: int
    rule_id: str
    component: str
    method: str
    chain_id: str | None
    validator_key: str | None
    rate_bps: int | None
    tiers: Mapping[str, Any] | None
    floor_amount: int | None
    cap_amount: int | None
    guarantee: bool
    loss_policy: str
    native_unit: str | None
    native_decimals: int | None
    display_unit: str | None


@strawberry.type(description="From the tier before up to upTo, itself included, the rate is rateBps.")
class AgreementTier:
    """A tier."""

    up_to_amount: Amount | None = strawberry.field(
        description="In native units; null on the last tier, which is open."
    )
    up_to: Money | None = strawberry.field(description="The same, if the rule names a chain.")
    rate_bps: Bps


@strawberry.type(description="Tiers in ascending order, and how they are read.")
class TierSchedule:
    """Tiers."""

    mode: TierMode
    metric: TierMetric
    scope: TierScope
    tiers: list[AgreementTier]


@strawberry.type(description="What a partner is paid on one component: either rateBps or tiers is set.")
class AgreementRule:
    """A rule."""

    rule_id: str
    component: Component
    method: Method
    chain_id: str | None = strawberry.field(description="Null: on any chain.")
    validator_key: str | None = strawberry.field(description="Null: on any validator.")
    rate_bps: Bps | None
    tiers: TierSchedule | None
    floor_amount: Amount | None = strawberry.field(description="At least so much a period, in native units.")
    floor: Money | None = strawberry.field(description="The same, if the rule names a chain.")
    cap_amount: Amount | None = strawberry.field(description="At most so much a period, in native units.")
    cap: Money | None = strawberry.field(description="The same, if the rule names a chain.")
    guarantee: bool = strawberry.field(description="Whether the floor is owed even without a base.")
    loss_policy: LossPolicy


async def load_rules(reader: Reader, keys: list[VersionKey]) -> list[list[AgreementRule]]:
    """The rules of each agreement version, in its order."""
    rows = await reader.rows(
        "agreement_rules.sql",
        _RuleRow,
        agreement_ids=[agreement_id for agreement_id, _ in keys],
        versions=[version for _, version in keys],
    )
    rules: defaultdict[VersionKey, list[AgreementRule]] = defaultdict(list)
    for row in rows:
        rules[row.agreement_id, row.version].append(_rule(row))
    return [rules[key] for key in keys]


def _rule(row: _RuleRow) -> AgreementRule:
    coin = _coin(row)
    return AgreementRule(
        rule_id=row.rule_id,
        component=Component(row.component),
        method=Method(row.method),
        chain_id=row.chain_id,
        validator_key=row.validator_key,
        rate_bps=None if row.rate_bps is None else Bps(row.rate_bps),
        tiers=None if row.tiers is None else _schedule(row.tiers, coin),
        floor_amount=None if row.floor_amount is None else Amount(row.floor_amount),
        floor=coin.money(row.floor_amount) if coin else None,
        cap_amount=None if row.cap_amount is None else Amount(row.cap_amount),
        cap=coin.money(row.cap_amount) if coin else None,
        guarantee=row.guarantee,
        loss_policy=LossPolicy(row.loss_policy),
    )


def _coin(row: _RuleRow) -> Coin | None:
    if row.native_unit is None or row.native_decimals is None or row.display_unit is None:
        return None
    return Coin(row.native_unit, row.native_decimals, row.display_unit)


def _schedule(stored: Mapping[str, Any], coin: Coin | None) -> TierSchedule:
    bounds = [None if tier["upto"] is None else int(tier["upto"]) for tier in stored["tiers"]]
    return TierSchedule(
        mode=TierMode(stored["mode"]),
        metric=TierMetric(stored["metric"]),
        scope=TierScope(stored["scope"]),
        tiers=[
            AgreementTier(
                up_to_amount=None if bound is None else Amount(bound),
                up_to=coin.money(bound) if coin else None,
                rate_bps=Bps(tier["rate_bps"]),
            )
            for bound, tier in zip(bounds, stored["tiers"], strict=True)
        ],
    )
