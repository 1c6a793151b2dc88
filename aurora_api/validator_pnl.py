"""What each validator earned in each period, as booked. An unknown amount is null, and its state says so."""

from datetime import datetime
from typing import Annotated, Final, NamedTuple, TypeAlias

import strawberry

from aurora_api.chains import find_chain
from aurora_api.context import Info
from aurora_api.enums import Completeness, FactState
from aurora_api.errors import Code, Problem
from aurora_api.money import Coin, Money
from aurora_api.pagination import PAGE_DEFAULT, PAGE_MAX, After, Connection, First, Keyset
from aurora_api.periods import FromPeriod, ToPeriod, period_range
from aurora_api.scalars import Ordinal

ValidatorKeys: TypeAlias = Annotated[
    list[str] | None,
    strawberry.argument(description=f"Only these validators, at most {PAGE_MAX}; null for all."),
]

_KEYSET: Final = Keyset("validatorPnl", {"period_id": int, "validator_key": str})


@strawberry.type(
    name="ValidatorPnl",
    description="One validator's profit and loss in one period. Where a state is MISSING the amount is null.",
)
class ValidatorPnl:
    """One validator's P&L in one period."""

    id: strawberry.ID
    chain_id: str
    period_id: Ordinal
    validator_key: str
    validator_name: str | None
    exec_fees: Money | None = strawberry.field(description="EXEC_FEES: the operator's share.")
    exec_fees_state: FactState
    mev_tips: Money | None = strawberry.field(description="MEV_TIPS: the operator's share.")
    mev_tips_state: FactState
    vote_rewards: Money | None = strawberry.field(
        description="VOTE_REWARDS: rewards on the operator's own stake, and on nobody else's."
    )
    vote_rewards_state: FactState
    commission: Money | None = strawberry.field(description="COMMISSION: what was taken from delegators.")
    commission_state: FactState
    total_revenue: Money | None = strawberry.field(
        description="The sum of the four components; null while one is missing."
    )
    costs: Money | None = strawberry.field(description="Null until measured.")
    net_income: Money | None = strawberry.field(
        description="totalRevenue less costs; null while either is unknown."
    )
    completeness: Completeness
    computed_at: datetime = strawberry.field(description="UTC.")


class _PnlRow(NamedTuple):
    period_id: int
    validator_key: str
    validator_name: str | None
    exec_fees: int | None
    exec_fees_state: str
    mev_tips: int | None
    mev_tips_state: str
    vote_rewards: int | None
    vote_rewards_state: str
    commission: int | None
    commission_state: str
    total_revenue: int | None
    costs: int | None
    net_income: int | None
    completeness: str
    computed_at: datetime


async def resolve_validator_pnl(
    info: Info,
    chain_id: str,
    from_period: FromPeriod = None,
    to_period: ToPeriod = None,
    validator_keys: ValidatorKeys = None,
    completeness: list[Completeness] | None = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[ValidatorPnl]:
    """P&L in force, by period and validator."""
    chain = await find_chain(info, chain_id)
    filters = {
        "chain_id": chain.chain_id,
        **period_range(from_period, to_period),
        "validator_keys": bounded(validator_keys),
        "completeness": None if completeness is None else [each.value for each in completeness],
    }
    page = _KEYSET.page(first, after, filters)
    rows = await info.context.reader.rows("validator_pnl.sql", _PnlRow, **filters, **page.parameters)
    return page.connection(rows, lambda row: _pnl(row, chain.chain_id, chain.coin))


def bounded(validator_keys: list[str] | None) -> list[str] | None:
    """The keys to narrow a query by. Raises Problem when there are too many."""
    if validator_keys is not None and len(validator_keys) > PAGE_MAX:
        raise Problem(
            Code.LIMIT_EXCEEDED,
            f"validatorKeys has {len(validator_keys)} keys; ask for at most {PAGE_MAX} at a time",
        )
    return validator_keys


def _pnl(row: _PnlRow, chain_id: str, coin: Coin) -> ValidatorPnl:
    return ValidatorPnl(
        id=strawberry.ID(f"{chain_id}/{row.period_id}/{row.validator_key}"),
        chain_id=chain_id,
        period_id=Ordinal(row.period_id),
        validator_key=row.validator_key,
        validator_name=row.validator_name,
        exec_fees=coin.money(row.exec_fees),
        exec_fees_state=FactState(row.exec_fees_state),
        mev_tips=coin.money(row.mev_tips),
        mev_tips_state=FactState(row.mev_tips_state),
        vote_rewards=coin.money(row.vote_rewards),
        vote_rewards_state=FactState(row.vote_rewards_state),
        commission=coin.money(row.commission),
        commission_state=FactState(row.commission_state),
        total_revenue=coin.money(row.total_revenue),
        costs=coin.money(row.costs),
        net_income=coin.money(row.net_income),
        completeness=Completeness(row.completeness),
        computed_at=row.computed_at,
    )
