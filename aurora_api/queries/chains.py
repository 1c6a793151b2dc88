"""The chains whose books are kept, and the coin that a chain's amounts are in."""

import time
from collections.abc import Callable, Coroutine
from typing import Final, NamedTuple

import strawberry

from aurora_api.access.scope import sees_chain
from aurora_api.context.request import Info, Reader
from aurora_api.problems import Code, Problem
from aurora_api.schema.enums import PeriodType
from aurora_api.schema.money import Coin
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.scalars import Ordinal

KEPT_SECONDS: Final = 10.0
"""How long a changed coin in the configuration may go unnoticed."""


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

    @property
    def coin(self) -> Coin:
        """The coin of its amounts."""
        return Coin(self.native_unit, self.native_decimals, self.display_unit)


class _ChainRow(NamedTuple):
    chain_id: str
    name: str
    protocol: str
    period_type: str
    native_unit: str
    native_decimals: int
    display_unit: str
    finality_lag: int
    finality_lag_unit: str
    latest_period_id: int | None


async def read_chains(reader: Reader, chain_ids: list[str] | None) -> list[Chain]:
    """These chains (None: all) as far as they exist, by chain id."""
    return [_chain(row) for row in await reader.rows("chains.sql", _ChainRow, chain_ids=chain_ids)]


def chain_loader(reader: Reader) -> Callable[[list[str]], Coroutine[None, None, list[Chain | None]]]:
    """Looks up all chains that one step of a request needs, at once; an unknown one is None."""

    async def load(chain_ids: list[str]) -> list[Chain | None]:
        known = {chain.chain_id: chain for chain in await read_chains(reader, chain_ids)}
        return [known.get(chain_id) for chain_id in chain_ids]

    return load


async def find_chain(info: Info, chain_id: str) -> Chain:
    """The chain of that id. Raises Problem when there is none."""
    chain = await info.context.chains.load(chain_id)
    if chain is None:
        raise Problem(Code.NOT_FOUND, f'there is no chain "{chain_id}"; chains lists those there are')
    return chain


class Coins:
    """The coins of the chains that were asked for lately, kept by one service for all its requests.

    Nearly every page shows amounts: its chain would be asked for each time.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Coin]] = {}

    def kept(self, chain_id: str) -> Coin | None:
        """The chain's coin; None when it is not known, or was not asked for lately."""
        since, coin = self._kept.get(chain_id, (0.0, None))
        return coin if time.monotonic() - since < KEPT_SECONDS else None

    def keep(self, chain_id: str, coin: Coin) -> None:
        """The chain exists, and this is its coin."""
        self._kept[chain_id] = time.monotonic(), coin


async def find_coin(info: Info, chain_id: str) -> Coin:
    """What that chain's amounts are counted in. Raises Problem when there is no such chain to be seen."""
    context = info.context
    coin = context.coins.kept(chain_id) if sees_chain(context.caller, chain_id) else None
    if coin is None:
        coin = (await find_chain(info, chain_id)).coin
        context.coins.keep(chain_id, coin)
    return coin


async def resolve_chains(info: Info) -> list[Chain]:
    """All chains, by chain id."""
    return await read_chains(info.context.reader, None)


def _chain(row: _ChainRow) -> Chain:
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
