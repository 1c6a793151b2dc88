"""Chains as the warehouse knows them, and a short-lived cache of the coins that their amounts are in."""

import time
from typing import Final, NamedTuple

from aurora_api.context.reader import Reader
from aurora_api.schema.money import Coin

COIN_SECONDS: Final = 10.0
"""How long a coin is served from the cache before the warehouse is read again."""


class ChainRow(NamedTuple):
    """A chain as configured; `latest_period_id` is None before its first period."""

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

    @property
    def coin(self) -> Coin:
        """The coin of its amounts."""
        return Coin(self.native_unit, self.native_decimals, self.display_unit)


async def read_chains(reader: Reader, chain_ids: list[str] | None) -> list[ChainRow]:
    """These chains (None: all) as far as they exist, by chain id."""
    return await reader.rows("registry/chains.chains_with_latest_period", ChainRow, chain_ids=chain_ids)


async def load_chain_rows(reader: Reader, chain_ids: list[str]) -> list[ChainRow | None]:
    """Each of these chains, None for one that does not exist."""
    known = {chain.chain_id: chain for chain in await read_chains(reader, chain_ids)}
    return [known.get(chain_id) for chain_id in chain_ids]


class Coins:
    """A cache of chains' coins, shared by all requests of one service: nearly every page shows amounts."""

    def __init__(self) -> None:
        self._cached: dict[str, tuple[float, Coin]] = {}

    def get(self, chain_id: str) -> Coin | None:
        """The chain's coin; None when it is not in the cache or too old."""
        since, coin = self._cached.get(chain_id, (0.0, None))
        return coin if time.monotonic() - since < COIN_SECONDS else None

    def put(self, chain_id: str, coin: Coin) -> None:
        """Cache the coin of an existing chain."""
        self._cached[chain_id] = time.monotonic(), coin
