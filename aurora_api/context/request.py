"""The context of a request, which every resolver gets as `info.context`: caller, transaction, loaders.

All fields of a request read the same snapshot of the warehouse, until a mutation changes it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from aurora_api.access.authenticate import Identity
from aurora_api.access.principal import Principal, sees_chain
from aurora_api.access.rates import RateLimiter
from aurora_api.access.sessions import Sessions
from aurora_api.context.chains import ChainRow, Coins, load_chain_rows
from aurora_api.context.reader import Reader
from aurora_api.problems import Code, Problem
from aurora_api.schema.money import Coin
from aurora_resources.warehouse.connection import Warehouse

K = TypeVar("K")
V = TypeVar("V")

Load: TypeAlias = Callable[[Reader, list[K]], Awaitable[list[V]]]
"""Reads one value a key, in the keys' order."""


@dataclass(slots=True)
class Reply:
    """What a resolver may add to the response beside the data: an HTTP status and headers.

    `operation` is the root field of the operation, for the log and the metrics.
    """

    status: int | None = None
    operation: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What every resolver is given.

    `operation_name` is the request's `operationName`. `principal` is None only where a field is PUBLIC.
    `request_digest` is the SHA-256 of the request's body, `client` the address it came from. `coins` belongs
    to the service, `loaders` to the request. `introspection`: whether queries of the schema are answered.
    """

    reader: Reader
    correlation_id: str
    operation_name: str | None
    principal: Principal | None
    warehouse: Warehouse
    sessions: Sessions
    limits: RateLimiter
    coins: Coins
    request_digest: bytes
    client: str
    reply: Reply = field(default_factory=Reply)
    loaders: dict[object, DataLoader[Any, Any]] = field(default_factory=dict)
    introspection: bool = False

    @property
    def caller(self) -> Principal:
        """The authenticated user. Raises Problem when there is none."""
        if self.principal is None:
            raise Problem(Code.UNAUTHENTICATED, "sign in first")
        return self.principal

    @property
    def identity(self) -> Identity:
        """The identity to begin the caller's transactions with. Raises Problem when there is no caller."""
        return Identity(self.caller.user_id, self.caller.session_id)

    async def renew(self) -> None:
        """Discard what was read: a change follows."""
        await self.reader.renew()
        self.loaders.clear()

    def loader(self, load: Load[K, V]) -> DataLoader[K, V]:
        """The request's dataloader over `load`: the keys of a page's rows are read with one statement."""
        if load not in self.loaders:

            async def load_all(keys: list[K]) -> list[V]:
                return await load(self.reader, keys)

            self.loaders[load] = DataLoader(load_fn=load_all)
        return self.loaders[load]

    async def find_chain(self, chain_id: str) -> ChainRow:
        """The chain of that id. Raises Problem when there is none."""
        chain = await self.loader(load_chain_rows).load(chain_id)
        if chain is None:
            raise Problem(Code.NOT_FOUND, f'there is no chain "{chain_id}"; chains lists those there are')
        return chain

    async def find_coin(self, chain_id: str) -> Coin:
        """The coin of that chain's amounts. Raises Problem when the caller sees no such chain."""
        coin = self.coins.get(chain_id) if sees_chain(self.caller, chain_id) else None
        if coin is None:
            coin = (await self.find_chain(chain_id)).coin
            self.coins.put(chain_id, coin)
        return coin


Info: TypeAlias = strawberry.Info[Context, None]
