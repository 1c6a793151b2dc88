"""Short words for facts and agreements: everything has a valid default, a test names what it is about."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    Method,
    Rule,
    RuleKey,
    WalletClaim,
)
from aurora_assets.commission.engine import Computation, compute
from aurora_assets.commission.facts import ClientRevenue, PeriodFacts, Revenue, Source, WalletStake
from aurora_assets.commission.guard import GuardPolicy
from aurora_assets.commission.history import RuleState
from aurora_resources.records import Component, FactState

START = datetime(2025, 3, 1, tzinfo=UTC)
END = datetime(2025, 3, 3, tzinfo=UTC)


def revenue(
    amount: int | None,
    component: Component = Component.COMMISSION,
    validator: str = "v1",
    state: FactState = FactState.FINAL,
    source: Source = None,
) -> Revenue:
    return Revenue(validator, component, amount, FactState.MISSING if amount is None else state, source)


def stake(wallet: str, amount: int | None, validator: str = "v1", source: Source = None) -> WalletStake:
    return WalletStake(validator, wallet, amount, source)


def client(
    wallet: str,
    amount: int | None,
    component: Component = Component.COMMISSION,
    validator: str = "v1",
    source: Source = None,
) -> ClientRevenue:
    return ClientRevenue(validator, wallet, component, amount, source)


def facts(
    *rows: Revenue | WalletStake | ClientRevenue,
    period_id: int = 1,
    starts_at: datetime = START,
    ends_at: datetime = END,
) -> PeriodFacts:
    return PeriodFacts(
        "chain",
        period_id,
        starts_at,
        ends_at,
        tuple(row for row in rows if isinstance(row, Revenue)),
        tuple(row for row in rows if isinstance(row, WalletStake)),
        tuple(row for row in rows if isinstance(row, ClientRevenue)),
    )


def rule(
    method: Method = Method.FIXED_SHARE, component: Component = Component.COMMISSION, **fields: object
) -> Rule:
    given: dict[str, Any] = {"rule_id": "r", "order": 1, "chain_id": "chain", **fields}
    if "tiers" not in given:
        given.setdefault("rate_bps", 1_000)
    return Rule(component=component, method=method, **given)


def agreement(*rules: Rule, partner: str = "A", **fields: object) -> AgreementVersion:
    given: dict[str, Any] = {
        "agreement_id": "a",
        "version": 1,
        "status": AgreementStatus.ACTIVE,
        "valid_from": START,
        "valid_until": None,
        **fields,
    }
    return AgreementVersion(partner_id=partner, rules=rules or (rule(),), **given)


def claim(
    wallet: str,
    partner: str = "A",
    valid_from: datetime = START,
    valid_until: datetime | None = None,
    chain: str = "chain",
) -> WalletClaim:
    return WalletClaim(chain, wallet, partner, valid_from, valid_until)


def run(
    period: PeriodFacts,
    *given: AgreementVersion | WalletClaim,
    history: Mapping[RuleKey, RuleState] | None = None,
    guard: GuardPolicy = GuardPolicy.BLOCK,
) -> Computation:
    agreements = [one for one in given if isinstance(one, AgreementVersion)]
    claims = [one for one in given if isinstance(one, WalletClaim)]
    return compute(period, agreements, claims, history=history if history is not None else {}, guard=guard)


def codes(computation: Computation) -> list[str]:
    return [finding.code.value for finding in computation.findings]


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """The words above, as `make.revenue(...)` and so on."""
    return SimpleNamespace(
        revenue=revenue,
        stake=stake,
        client=client,
        facts=facts,
        rule=rule,
        agreement=agreement,
        claim=claim,
        run=run,
        codes=codes,
        start=START,
        end=END,
    )
