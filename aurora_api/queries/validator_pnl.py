"""What each validator earned in each period, as booked. An unknown amount is null, and its state says so."""

from datetime import datetime
from typing import Annotated, Final, NamedTuple, TypeAlias

import strawberry

from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.queries.periods import FromPeriod, ToPeriod, period_range, read_ordinal
from aurora_api.schema.enums import Completeness, FactState
from aurora_api.schema.from_row import columns_selected, made, member, money, stored
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.node import ID_DESCRIPTION, Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, PAGE_MAX, After, Connection, First, Keyset
from aurora_api.schema.scalars import Ordinal

ValidatorKeys: TypeAlias = Annotated[
    list[str] | None,
    strawberry.argument(description=f"Only these validators, at most {PAGE_MAX}; null for all."),
]

_KEYSET: Final = Keyset("validatorPnl", {"period_id": int, "validator_key": str})


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


@strawberry.type(
    name="ValidatorPnl",
    description="One validator's profit and loss in one period. Where a state is MISSING the amount is null.",
)
class ValidatorPnl(Node):
    """One validator's P&L in one period."""

    id: strawberry.ID = strawberry.field(
        resolver=made(
            lambda pnl: node_id("ValidatorPnl", pnl.chain_id, pnl.row.period_id, pnl.row.validator_key),
            "period_id",
            "validator_key",
        ),
        description=ID_DESCRIPTION,
    )
    row: strawberry.Private[_PnlRow]
    coin: strawberry.Private[Coin]
    chain_id: str
    period_id: Ordinal = strawberry.field(resolver=stored("period_id"))
    validator_key: str = strawberry.field(resolver=stored("validator_key"))
    validator_name: str | None = strawberry.field(resolver=stored("validator_name"))
    exec_fees: Money | None = strawberry.field(
        resolver=money("exec_fees"), description="EXEC_FEES: the operator's share."
    )
    exec_fees_state: FactState = strawberry.field(resolver=member("exec_fees_state", FactState))
    mev_tips: Money | None = strawberry.field(
        resolver=money("mev_tips"), description="MEV_TIPS: the operator's share."
    )
    mev_tips_state: FactState = strawberry.field(resolver=member("mev_tips_state", FactState))
    vote_rewards: Money | None = strawberry.field(
        resolver=money("vote_rewards"),
        description="VOTE_REWARDS: rewards on the operator's own stake, and on nobody else's.",
    )
    vote_rewards_state: FactState = strawberry.field(resolver=member("vote_rewards_state", FactState))
    commission: Money | None = strawberry.field(
        resolver=money("commission"), description="COMMISSION: what was taken from delegators."
    )
    commission_state: FactState = strawberry.field(resolver=member("commission_state", FactState))
    total_revenue: Money | None = strawberry.field(
        resolver=money("total_revenue"),
        description="The sum of the four components; null while one is missing.",
    )
    costs: Money | None = strawberry.field(resolver=money("costs"), description="Null until measured.")
    net_income: Money | None = strawberry.field(
        resolver=money("net_income"), description="totalRevenue less costs; null while either is unknown."
    )
    completeness: Completeness = strawberry.field(resolver=member("completeness", Completeness))
    computed_at: datetime = strawberry.field(resolver=stored("computed_at"), description="UTC.")


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
    coin = await info.context.find_coin(chain_id)
    filters = {
        "chain_id": chain_id,
        **period_range(from_period, to_period),
        "validator_keys": bounded(validator_keys),
        "completeness": None if completeness is None else [each.value for each in completeness],
    }
    page = _KEYSET.page(first, after, filters)
    columns = columns_selected(info, ValidatorPnl, _PnlRow, _KEYSET.columns)
    rows = await info.context.reader.some_columns(
        "computation/validator_pnl.pnl_page", columns, **filters, **page.parameters
    )
    return page.row_connection(rows, ValidatorPnl, coin=coin, chain_id=chain_id)


async def find_pnl(info: Info, chain_id: str, period_id: str, validator_key: str) -> ValidatorPnl | None:
    """One validator's P&L in force for one period; None when there is none to be seen."""
    found = await resolve_validator_pnl(
        info, chain_id, read_ordinal(period_id), read_ordinal(period_id), [validator_key], first=1
    )
    return found.edges[0].node if found.edges else None


def bounded(validator_keys: list[str] | None) -> list[str] | None:
    """The keys to narrow a query by. Raises Problem when there are too many."""
    if validator_keys is not None and len(validator_keys) > PAGE_MAX:
        raise Problem(
            Code.LIMIT_EXCEEDED,
            f"validatorKeys has {len(validator_keys)} keys; ask for at most {PAGE_MAX} at a time",
        )
    return validator_keys
