"""The tracked chains, their periods, and the range of periods that other queries filter by."""

from datetime import datetime
from typing import Annotated, Final, NamedTuple, TypeAlias

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.chains import ChainRow, read_chains
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.schema.enums import PeriodType
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import ORDINAL_MAX, Ordinal


@strawberry.type(description="A chain as configured.", directives=requires(Capability.SIGNED_IN))
class Chain(Node):
    """A chain."""

    chain_id: str = strawberry.field(description="The identifier used in every other query.")
    name: str
    protocol: str
    period_type: PeriodType
    native_unit: str
    native_decimals: int
    display_unit: str = strawberry.field(description="The coin: 10^nativeDecimals native units.")
    finality_lag: int = strawberry.field(
        description="The distance behind the head of the chain at which data is final."
    )
    finality_lag_unit: str
    latest_period_id: Ordinal | None = strawberry.field(
        description="The newest period that is known, null before the first."
    )


async def resolve_chains(info: Info) -> list[Chain]:
    """All chains, by chain id."""
    return [_chain(row) for row in await read_chains(info.context.reader, None)]


async def find_chain(info: Info, chain_id: str) -> Chain:
    """The chain of that id. Raises Problem when there is none."""
    return _chain(await info.context.find_chain(chain_id))


def _chain(row: ChainRow) -> Chain:
    return Chain(
        id=node_id("Chain", row.chain_id),
        chain_id=row.chain_id,
        name=row.name,
        protocol=row.protocol,
        period_type=PeriodType(row.period_type),
        native_unit=row.native_unit,
        native_decimals=row.native_decimals,
        display_unit=row.display_unit,
        finality_lag=row.finality_lag,
        finality_lag_unit=row.finality_lag_unit,
        latest_period_id=None if row.latest_period_id is None else Ordinal(row.latest_period_id),
    )


FromPeriod: TypeAlias = Annotated[
    Ordinal | None, strawberry.argument(description="The first period, inclusive; null for the oldest.")
]
ToPeriod: TypeAlias = Annotated[
    Ordinal | None, strawberry.argument(description="The last period, inclusive; null for the newest.")
]

_PERIODS: Final = Keyset("periods", {"period_id": int})


@strawberry.type(
    description="A period of a chain: an epoch, a window of blocks, a range of slots.",
    directives=requires(Capability.SIGNED_IN),
)
class Period(Node):
    """A period."""

    chain_id: str
    period_id: Ordinal = strawberry.field(description="Its number on its chain.")
    label: str = strawberry.field(description="Its display name.")
    first_slot: Ordinal
    last_slot: Ordinal = strawberry.field(description="The last slot, inclusive.")
    starts_at: datetime = strawberry.field(description="UTC.")
    ends_at: datetime = strawberry.field(description="UTC: when the next period starts.")
    pnl_computed_at: datetime | None = strawberry.field(
        description="When its P&L in force was computed, UTC; null if not yet."
    )
    commissions_computed_at: datetime | None = strawberry.field(
        description="When its commissions in force were computed, UTC; null if not yet."
    )


class _PeriodRow(NamedTuple):
    period_id: int
    label: str
    first_slot: int
    last_slot: int
    starts_at: datetime
    ends_at: datetime
    pnl_computed_at: datetime | None
    commissions_computed_at: datetime | None


async def resolve_periods(
    info: Info,
    chain_id: str,
    from_period: FromPeriod = None,
    to_period: ToPeriod = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[Period]:
    """The periods of a chain, the newest first."""
    chain = await info.context.find_chain(chain_id)
    filters = {"chain_id": chain.chain_id, **period_range(from_period, to_period)}
    page = _PERIODS.page(first, after, filters)
    rows = await info.context.reader.rows(
        "registry/periods.period_page", _PeriodRow, **filters, **page.parameters
    )
    return page.connection(rows, lambda row: _period(row, chain.chain_id))


async def find_period(info: Info, chain_id: str, period_id: int) -> Period:
    """One period. Raises Problem when the chain has none of that number."""
    rows = await info.context.reader.rows(
        "registry/periods.period_page",
        _PeriodRow,
        chain_id=chain_id,
        from_period=period_id,
        to_period=period_id,
        after_period_id=None,
        row_limit=1,
    )
    if not rows:
        raise Problem(
            Code.NOT_FOUND, f"{chain_id} has no period {period_id} here; periods lists those there are"
        )
    return _period(rows[0], chain_id)


async def find_period_node(info: Info, chain_id: str, period_id: str) -> Period:
    """One period by the parts of its id. Raises Problem as above."""
    chain = await info.context.find_chain(chain_id)
    return await find_period(info, chain.chain_id, read_ordinal(period_id))


def read_ordinal(text: str) -> Ordinal:
    """The period's number in an id. Raises Problem for text that is not a number."""
    if not (text.isascii() and text.isdecimal() and int(text) <= ORDINAL_MAX):
        raise Problem(Code.NOT_FOUND, f'there is no period "{text}"; periods lists those there are')
    return Ordinal(int(text))


def period_range(from_period: int | None, to_period: int | None) -> dict[str, int | None]:
    """The range as parameters of the statements. Raises Problem when it ends before it starts."""
    if from_period is not None and to_period is not None and to_period < from_period:
        raise Problem(
            Code.INVALID_ARGUMENT, f"toPeriod {to_period} is before fromPeriod {from_period}; swap them"
        )
    return {"from_period": from_period, "to_period": to_period}


def _period(row: _PeriodRow, chain_id: str) -> Period:
    return Period(
        id=node_id("Period", chain_id, row.period_id),
        chain_id=chain_id,
        period_id=Ordinal(row.period_id),
        label=row.label,
        first_slot=Ordinal(row.first_slot),
        last_slot=Ordinal(row.last_slot),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        pnl_computed_at=row.pnl_computed_at,
        commissions_computed_at=row.commissions_computed_at,
    )


@strawberry.type
class ChainQueries:
    """The queries of this module, as root fields."""

    chains: list[Chain] | None = strawberry.field(
        resolver=resolve_chains,
        description="The tracked chains.",
        directives=requires(Capability.SIGNED_IN),
    )
    periods: Connection[Period] | None = strawberry.field(
        resolver=resolve_periods,
        description="The periods of a chain, newest first.",
        directives=requires(Capability.SIGNED_IN),
    )
