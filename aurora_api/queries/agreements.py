"""Agreements with partners: the newest version, every earlier one, their rules, and rules as GraphQL input.

A partner sees its own agreements, without drafts. Input becomes an entry of `partners.yaml` and is checked by
the models of that file, so that both report an error in the same words.
"""

from collections import defaultdict
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.reader import Reader
from aurora_api.context.request import Info
from aurora_api.queries.partners import find_partner
from aurora_api.schema.enums import (
    AgreementStatus,
    Component,
    LossPolicy,
    Method,
    TierMetric,
    TierMode,
    TierScope,
)
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Amount, Bps
from aurora_assets.agreements.store import to_rule
from aurora_assets.commission import agreement
from aurora_assets.commission.agreement import Rule

VersionKey: TypeAlias = tuple[str, int]

_KEYSET: Final = Keyset("agreements", {"partner_code": str, "agreement_id": str})

# Fields of the rule input that have another name in `partners.yaml`.
_KEYS_IN_FILE: Final = {
    "rule_id": "id",
    "chain_id": "chain",
    "validator_key": "validator",
    "up_to": "upto",
}


class _RuleRow:
    """A rule of an agreement version, and the coin of its chain if it names one."""

    def __init__(
        self,
        *,
        agreement_id: str,
        version: int,
        native_unit: str | None,
        native_decimals: int | None,
        display_unit: str | None,
        **columns: Any,  # noqa: ANN401 - the fields of the rule
    ) -> None:
        self.version_key: VersionKey = (agreement_id, version)
        self.rule = to_rule(columns)
        self.coin = (
            None
            if native_unit is None or native_decimals is None or display_unit is None
            else Coin(native_unit, native_decimals, display_unit)
        )


@strawberry.type(
    description="The rate for amounts above the previous tier's upTo, up to and including this one.",
    directives=requires(Capability.READ_AGREEMENTS),
)
class AgreementTier:
    """A tier."""

    up_to_amount: Amount | None = strawberry.field(
        description="In native units; null on the last tier, which is open."
    )
    up_to: Money | None = strawberry.field(description="The same, if the rule names a chain.")
    rate_bps: Bps


@strawberry.type(
    description="Tiers in ascending order, and how they are applied.",
    directives=requires(Capability.READ_AGREEMENTS),
)
class TierSchedule:
    """Tiers."""

    mode: TierMode
    metric: TierMetric
    scope: TierScope
    tiers: list[AgreementTier]


@strawberry.type(
    description="What a partner is paid on one component: either rateBps or tiers is set.",
    directives=requires(Capability.READ_AGREEMENTS),
)
class AgreementRule:
    """A rule."""

    rule_id: str
    component: Component
    method: Method
    chain_id: str | None = strawberry.field(description="Null: on any chain.")
    validator_key: str | None = strawberry.field(description="Null: on any validator.")
    rate_bps: Bps | None
    tiers: TierSchedule | None
    floor_amount: Amount | None = strawberry.field(description="Minimum per period, in native units.")
    floor: Money | None = strawberry.field(description="The same, if the rule names a chain.")
    cap_amount: Amount | None = strawberry.field(description="Maximum per period, in native units.")
    cap: Money | None = strawberry.field(description="The same, if the rule names a chain.")
    guarantee: bool = strawberry.field(description="Whether the floor is owed even without a base.")
    loss_policy: LossPolicy


class _AgreementRow(NamedTuple):
    agreement_id: str
    partner_code: str
    partner_name: str
    name: str
    status: str
    version: int
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    recorded_at: datetime


class _VersionRow(NamedTuple):
    agreement_id: str
    version: int
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    recorded_at: datetime


@strawberry.type(
    description="One version of an agreement; it never changes.",
    directives=requires(Capability.READ_AGREEMENTS),
)
class AgreementVersion:
    """A version."""

    version: int
    valid_from: datetime = strawberry.field(
        description="UTC, inclusive: it applies to periods that start at or after this time."
    )
    valid_until: datetime | None = strawberry.field(description="UTC; null: it has no end.")
    recorded_at: datetime = strawberry.field(description="When it was saved, UTC.")
    reason: str = strawberry.field(
        description="The reason for the version.", directives=requires(Capability.READ_AUDIT)
    )
    agreement_id: strawberry.Private[str]

    @strawberry.field(  # type: ignore[untyped-decorator] # Strawberry types it so
        description="Its rules, in order."
    )
    async def rules(self, info: Info) -> list[AgreementRule]:
        """Its rules, read together with those of the page's other versions."""
        return await info.context.loader(_load_rules).load((self.agreement_id, self.version))


@strawberry.type(
    description="An agreement with a partner, in its newest version.",
    directives=requires(Capability.READ_AGREEMENTS),
)
class Agreement(Node):
    """An agreement."""

    agreement_id: str = strawberry.field(description="The identifier used in every other query.")
    partner_code: str
    partner_name: str
    name: str
    status: AgreementStatus
    version: int = strawberry.field(
        description="The newest version's number: a change gives it as expectedVersion."
    )
    valid_from: datetime = strawberry.field(
        description="UTC, inclusive: the newest version applies to periods that start at or after it."
    )
    valid_until: datetime | None = strawberry.field(description="UTC; null: it has no end.")
    recorded_at: datetime = strawberry.field(description="When the newest version was saved, UTC.")
    reason: str = strawberry.field(
        description="The reason for the newest version.", directives=requires(Capability.READ_AUDIT)
    )

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="The rules of the newest version, in order."
    )
    async def rules(self, info: Info) -> list[AgreementRule]:
        """The newest version's rules, read together with those of the page's other agreements."""
        return await info.context.loader(_load_rules).load((self.agreement_id, self.version))

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="All versions, newest first."
    )
    async def versions(self, info: Info) -> list[AgreementVersion]:
        """All its versions, read together with those of the page's other agreements."""
        return await info.context.loader(_load_versions).load(self.agreement_id)


@strawberry.input(description="Up to upTo, itself included, the rate is rateBps; the last tier has no upTo.")
class AgreementTierInput:
    """A tier."""

    up_to: Amount | None = strawberry.field(default=None, description="In native units of the rule's chain.")
    rate_bps: Bps


@strawberry.input(description="Tiers in ascending order, and how they are applied.")
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
        description="Lower-case letters, digits and hyphens. A rule with the same id keeps its state across "
        "versions: carried losses and the base to date."
    )
    component: Component
    method: Method
    chain_id: str | None = strawberry.field(default=None, description="Null: on any chain.")
    validator_key: str | None = strawberry.field(default=None, description="Null: on any validator.")
    rate_bps: Bps | None = None
    tiers: TierScheduleInput | None = None
    floor: Amount | None = strawberry.field(
        default=None, description="Minimum per period, in native units of the rule's chain."
    )
    cap: Amount | None = strawberry.field(
        default=None, description="Maximum per period, in native units of the rule's chain."
    )
    guarantee: bool = strawberry.field(
        default=False, description="Whether the floor is owed even without a base."
    )
    loss_policy: LossPolicy = LossPolicy.CARRY


async def resolve_agreements(
    info: Info,
    partner_code: Annotated[
        str | None, strawberry.argument(description="Only this partner; null for all partners.")
    ] = None,
    statuses: list[AgreementStatus] | None = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[Agreement]:
    """Agreements, by partner and id."""
    if partner_code is not None:
        partner_code = (await find_partner(info, partner_code)).code
    filters = {
        "partner_code": partner_code,
        "agreement_id": None,
        "statuses": None if statuses is None else [each.value for each in statuses],
        "with_drafts": not info.context.caller.is_partner,
    }
    page = _KEYSET.page(first, after, filters)
    rows = await info.context.reader.rows(
        "registry/agreements.agreement_page", _AgreementRow, **filters, **page.parameters
    )
    return page.connection(rows, _agreement)


async def resolve_agreement(info: Info, agreement_id: str) -> Agreement | None:
    """One agreement; None when none is visible."""
    rows = await info.context.reader.rows(
        "registry/agreements.agreement_page",
        _AgreementRow,
        partner_code=None,
        agreement_id=agreement_id,
        statuses=None,
        with_drafts=not info.context.caller.is_partner,
        after_partner_code=None,
        after_agreement_id=None,
        row_limit=1,
    )
    return _agreement(rows[0]) if rows else None


async def _load_versions(reader: Reader, agreement_ids: list[str]) -> list[list[AgreementVersion]]:
    rows = await reader.rows(
        "registry/agreements.versions_of_agreements", _VersionRow, agreement_ids=agreement_ids
    )
    versions: defaultdict[str, list[AgreementVersion]] = defaultdict(list)
    for row in rows:
        versions[row.agreement_id].append(
            AgreementVersion(
                version=row.version,
                valid_from=row.valid_from,
                valid_until=row.valid_until,
                recorded_at=row.recorded_at,
                reason=row.reason,
                agreement_id=row.agreement_id,
            )
        )
    return [versions[agreement_id] for agreement_id in agreement_ids]


def _agreement(row: _AgreementRow) -> Agreement:
    return Agreement(
        id=node_id("Agreement", row.agreement_id),
        agreement_id=row.agreement_id,
        partner_code=row.partner_code,
        partner_name=row.partner_name,
        name=row.name,
        status=AgreementStatus(row.status),
        version=row.version,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        recorded_at=row.recorded_at,
        reason=row.reason,
    )


async def _load_rules(reader: Reader, keys: list[VersionKey]) -> list[list[AgreementRule]]:
    """The rules of each agreement version, in its order."""
    rows = await reader.rows(
        "registry/agreements.rules_of_versions",
        _RuleRow,
        agreement_ids=[agreement_id for agreement_id, _ in keys],
        versions=[version for _, version in keys],
    )
    rules: defaultdict[VersionKey, list[AgreementRule]] = defaultdict(list)
    for row in rows:
        rules[row.version_key].append(_rule(row.rule, row.coin))
    return [rules[key] for key in keys]


def _rule(rule: Rule, coin: Coin | None) -> AgreementRule:
    return AgreementRule(
        rule_id=rule.rule_id,
        component=rule.component,
        method=rule.method,
        chain_id=rule.chain_id,
        validator_key=rule.validator_key,
        rate_bps=None if rule.rate_bps is None else Bps(rule.rate_bps),
        tiers=None if rule.tiers is None else _schedule(rule.tiers, coin),
        floor_amount=None if rule.floor is None else Amount(rule.floor),
        floor=coin.money(rule.floor) if coin else None,
        cap_amount=None if rule.cap is None else Amount(rule.cap),
        cap=coin.money(rule.cap) if coin else None,
        guarantee=rule.guarantee,
        loss_policy=rule.loss_policy,
    )


def _schedule(schedule: agreement.TierSchedule, coin: Coin | None) -> TierSchedule:
    return TierSchedule(
        mode=schedule.mode,
        metric=schedule.metric,
        scope=schedule.scope,
        tiers=[
            AgreementTier(
                up_to_amount=None if tier.upper is None else Amount(tier.upper),
                up_to=coin.money(tier.upper) if coin else None,
                rate_bps=Bps(tier.rate_bps),
            )
            for tier in schedule.tiers
        ],
    )


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
    return asdict(
        rule, dict_factory=lambda given: {_KEYS_IN_FILE.get(name, name): value for name, value in given}
    )


@strawberry.type
class AgreementQueries:
    """The queries of this module, as root fields."""

    agreement: Agreement | None = strawberry.field(
        resolver=resolve_agreement,
        description="One agreement; null when there is none.",
        directives=requires(Capability.READ_AGREEMENTS),
    )
    agreements: Connection[Agreement] | None = strawberry.field(
        resolver=resolve_agreements,
        description="Agreements, ordered by partner and id.",
        directives=requires(Capability.READ_AGREEMENTS),
    )
