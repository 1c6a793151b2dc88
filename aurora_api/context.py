"""What resolvers work with: one read-only transaction of the request, and the chains it has looked up.

All fields of a request see the same moment of the warehouse. The SQL is in `sql/api/`, by name.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import psycopg
import strawberry
from psycopg import AsyncConnection, IsolationLevel
from psycopg.rows import TupleRow, class_row
from psycopg_pool import AsyncConnectionPool
from strawberry.dataloader import DataLoader

from aurora_api.errors import Code, Problem
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.exact import read_numeric_as_int
from aurora_resources.warehouse.queries import read_query

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[TupleRow]]

POOL_SIZE: Final = 8
POOL_WAIT_SECONDS: Final = 5.0
STATEMENT_SECONDS: Final = 10

if TYPE_CHECKING:
    from aurora_api.chains import Chain

R = TypeVar("R")


def make_pool(warehouse: Warehouse) -> Pool:
    """A pool of sessions that can only read, not yet opened; amounts arrive as `int`, times in UTC."""
    return AsyncConnectionPool(
        warehouse.conninfo,
        open=False,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=POOL_WAIT_SECONDS,
        configure=_configure,
        check=AsyncConnectionPool.check_connection,
        name="aurora api",
    )


async def _configure(connection: AsyncConnection[TupleRow]) -> None:
    read_numeric_as_int(connection.adapters)
    await connection.set_autocommit(True)
    await connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
    await connection.execute("set timezone = 'UTC'")
    # Most filters are optional: a plan made once for all of them would read whole tables.
    await connection.execute("set plan_cache_mode = force_custom_plan")
    await connection.set_autocommit(False)
    await connection.set_read_only(True)
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)


class Reader:
    """The request's one transaction, begun by its first question, and closed with the request."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._stack = AsyncExitStack()
        self._session: AsyncConnection[TupleRow] | None = None
        self._closed = False
        # A failed field ends the request while its neighbours may still be asking: they must not be left with
        # a session that somebody else has by then.
        self._turn = asyncio.Lock()

    async def rows(self, name: str, row_type: type[R], **parameters: object) -> list[R]:
        """The rows of `sql/api/<name>`, columns by name. Raises Problem for a text that no text can be."""
        for value in parameters.values():
            _refuse_unstorable(value)
        async with self._turn:
            if self._closed:
                raise psycopg.InterfaceError("the request has ended")
            if self._session is None:
                self._session = await self._stack.enter_async_context(self._pool.connection())
            async with self._session.cursor(row_factory=class_row(row_type)) as cursor:
                await cursor.execute(read_query(f"api/{name}").encode(), parameters)
                return await cursor.fetchall()

    async def close(self) -> None:
        """End the transaction, after the statement that runs, and give the session back."""
        async with self._turn:
            self._closed = True
            await self._stack.aclose()


@dataclass(frozen=True, slots=True)
class Context:
    """What every resolver is given with its field. `operation_name` is as the caller gave it."""

    reader: Reader
    chains: "DataLoader[str, Chain | None]"
    correlation_id: str
    operation_name: str | None


Info: TypeAlias = strawberry.Info[Context, None]


def _refuse_unstorable(value: object) -> None:
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if isinstance(text, str) and ("\0" in text or not _is_unicode(text)):
            raise Problem(Code.INVALID_ARGUMENT, "an argument holds a character that no text has")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
