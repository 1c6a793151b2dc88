"""Commission lines: what one rule pays a partner on one validator in one period, and how it came to that."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

import strawberry

from aurora_api.chains import Chain, find_chain
from aurora_api.context import Info
from aurora_api.enums import Component, FactState, Method
from aurora_api.money import Coin, Money
from aurora_api.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.partners import find_partner
from aurora_api.periods import FromPeriod, ToPeriod, period_range
from aurora_api.rate_trace import RateTrace, RuleTerms, read_rate_trace
from aurora_api.scalars import Ordinal
from aurora_api.validator_pnl import ValidatorKeys, bounded

_KEYSET: Final = Keyset(
    "commissionLines",
    {
        "period_id": int,
        "partner_code": str,
        "agreement_id": str,
        "rule_id": str,
        "validator_position": str,
        "line_id": UUID,
    },
)


@strawberry.type(
    description="What one rule pays a partner on one validator in one period. Its id is the same at every "
    "recompute."
)
class CommissionLine:
    """One commission line."""

    id: strawberry.ID
    chain_id: str
    period_id: Ordinal
    partner_code: str
    partner_name: str
    agreement_id: str
    agreement_version: int
    rule_id: str
    validator_key: str | None = strawberry.field(
        description="Null on the line that a guarantee adds beside the validators."
    )
    validator_name: str | None
    component: Component
    method: Method
    base: Money = strawberry.field(description="The partner's base on this validator; may be negative.")
    claimed: Money = strawberry.field(description="The amount before the revenue guard.")
    amount: Money = strawberry.field(description="What is owed.")
    state: FactState = strawberry.field(description="PROVISIONAL if any fact under the rule still is.")
    scaled: bool = strawberry.field(description="Whether the revenue guard made amount less than claimed.")
    allocated: bool = strawberry.field(
        description="Whether the base is a share by stake, because no fact for each client exists."
    )
    computation: RateTrace = strawberry.field(description="How the rule came to its total.")
    engine_version: str


class _LineRow(NamedTuple):
    line_id: str
    period_id: int
    partner_code: str
    partner_name: str
    agreement_id: str
    version: int
    rule_id: str
    validator_key: str | None
    validator_position: str
    validator_name: str | None
    component: str
    method: str
    base: int
    rate_trace: Mapping[str, Any]
    scaled: bool
    allocated: bool
    state: str
    claimed: int
    amount: int
    engine_version: str
    floor_amount: int | None
    cap_amount: int | None
    guarantee: bool
    loss_policy: str
    tier_mode: str | None
    tier_metric: str | None
    tier_scope: str | None


async def resolve_commission_lines(
    info: Info,
    chain_id: str,
    partner_code: Annotated[
        str | None, strawberry.argument(description="Only this partner's; null for every partner's.")
    ] = None,
    from_period: FromPeriod = None,
    to_period: ToPeriod = None,
    validator_keys: ValidatorKeys = None,
    components: list[Component] | None = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[CommissionLine]:
    """Lines in force, by period, partner, agreement, rule and validator."""
    chain = await find_chain(info, chain_id)
    if partner_code is not None:
        partner_code = (await find_partner(info, partner_code)).code
    filters = {
        "chain_id": chain.chain_id,
        "partner_code": partner_code,
        **period_range(from_period, to_period),
        "validator_keys": bounded(validator_keys),
        "components": None if components is None else [each.value for each in components],
    }
    return await _read_lines(info, chain, filters, first, after)


async def lines_of_statement(
    info: Info, chain: Chain, partner_code: str, period_id: int, first: int, after: str | None
) -> Connection[CommissionLine]:
    """The lines that a statement is the sum of."""
    filters = {
        "chain_id": chain.chain_id,
        "partner_code": partner_code,
        **period_range(period_id, period_id),
        "validator_keys": None,
        "components": None,
    }
    return await _read_lines(info, chain, filters, first, after)


async def _read_lines(
    info: Info, chain: Chain, filters: Mapping[str, object], first: int, after: str | None
) -> Connection[CommissionLine]:
    page = _KEYSET.page(first, after, filters)
    rows = await info.context.reader.rows("commission_lines.sql", _LineRow, **filters, **page.parameters)
    return page.connection(rows, lambda row: _line(row, chain.chain_id, chain.coin))


def _line(row: _LineRow, chain_id: str, coin: Coin) -> CommissionLine:
    terms = RuleTerms(
        row.floor_amount,
        row.cap_amount,
        row.guarantee,
        row.loss_policy,
        row.tier_mode,
        row.tier_metric,
        row.tier_scope,
    )
    return CommissionLine(
        id=strawberry.ID(row.line_id),
        chain_id=chain_id,
        period_id=Ordinal(row.period_id),
        partner_code=row.partner_code,
        partner_name=row.partner_name,
        agreement_id=row.agreement_id,
        agreement_version=row.version,
        rule_id=row.rule_id,
        validator_key=row.validator_key,
        validator_name=row.validator_name,
        component=Component(row.component),
        method=Method(row.method),
        base=coin.money(row.base),
        claimed=coin.money(row.claimed),
        amount=coin.money(row.amount),
        state=FactState(row.state),
        scaled=row.scaled,
        allocated=row.allocated,
        computation=read_rate_trace(row.rate_trace, terms, coin),
        engine_version=row.engine_version,
    )
