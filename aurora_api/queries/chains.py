"""The tracked chains."""

import strawberry

from aurora_api.context.chains import ChainRow, read_chains
from aurora_api.context.request import Info
from aurora_api.schema.enums import PeriodType
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.scalars import Ordinal


@strawberry.type(description="A chain, as configured.")
class Chain(Node):
    """A chain."""

    chain_id: str = strawberry.field(description="Its name in every other query.")
    name: str
    protocol: str
    period_type: PeriodType
    native_unit: str
    native_decimals: int
    display_unit: str = strawberry.field(description="The coin: 10^nativeDecimals native units.")
    finality_lag: int = strawberry.field(description="How far behind its head the chain counts as final.")
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
