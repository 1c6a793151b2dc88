"""The request's read-only transaction on the warehouse, and the pool of connections that it is taken from.

Statements are given by name (`warehouse/queries.py`). Amounts arrive as `int`, times in UTC.
"""

import asyncio
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, TypeAlias, TypeVar, overload

import psycopg
from psycopg import AsyncConnection, AsyncCursor, IsolationLevel
from psycopg.rows import AsyncRowFactory, TupleRow, class_row
from psycopg_pool import AsyncConnectionPool

from aurora_api.access.authenticate import Identity, authenticate_async
from aurora_api.access.principal import Principal
from aurora_api.problems import Code, Problem
from aurora_resources.warehouse.connection import Warehouse, read_numeric_as_int
from aurora_resources.warehouse.queries import read_query

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[TupleRow]]

POOL_SIZE: Final = 8
POOL_WAIT_SECONDS: Final = 5.0
STATEMENT_SECONDS: Final = 10

R = TypeVar("R")


def make_pool(warehouse: Warehouse) -> Pool:
    """A pool of read-only connections, not yet opened."""
    return AsyncConnectionPool(
        warehouse.conninfo,
        open=False,
        min_size=1,
        max_size=POOL_SIZE,
        timeout=POOL_WAIT_SECONDS,
        configure=_configure,
        name="aurora api",
    )


async def _configure(connection: AsyncConnection[TupleRow]) -> None:
    read_numeric_as_int(connection.adapters)
    await connection.set_autocommit(True)
    await connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
    await connection.execute("set timezone = 'UTC'")
    # Most filters are optional: one generic plan for all of them would read whole tables.
    await connection.execute("set plan_cache_mode = force_custom_plan")
    await connection.set_autocommit(False)
    await connection.set_read_only(True)
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)


class Reader:
    """The request's one transaction: begun by its first statement, ended with the request.

    It belongs to the user given to `authenticate`; without one it sees what the role aurora_api may see.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._stack = AsyncExitStack()
        self._session: AsyncConnection[TupleRow] | None = None
        self._identity: Identity | None = None
        self._closed = False
        # A failed field ends the request while other fields may still be reading: they must not use a
        # connection that another request has by then.
        self._lock = asyncio.Lock()

    async def authenticate(self, identity: Identity) -> Principal:
        """Make the transaction this user's, now and after `renew`. Raises Problem for a refused user."""
        async with self._lock:
            self._identity = identity
            self._session, principal = await self._begin(identity)
            return principal

    async def rows(self, query: str, row_type: type[R], /, **parameters: object) -> list[R]:
        """The rows of the statement `query`, by column. Raises Problem for text that cannot be stored."""
        _refuse_unstorable(parameters)
        async with self._lock:
            session = await self._current()
            async with session.cursor(row_factory=rows_of(row_type)) as cursor:
                await cursor.execute(read_query(query).encode(), parameters)
                return await cursor.fetchall()

    async def some_columns(self, query: str, columns: tuple[str, ...], /, **parameters: object) -> list[Any]:
        """The same rows in the same order, with these columns only; the others are not computed."""
        _refuse_unstorable(parameters)
        selected = select_columns(read_query(query), columns)
        async with self._lock:
            session = await self._current()
            async with session.cursor(row_factory=rows_of(row_type_of(columns))) as cursor:
                await cursor.execute(selected, parameters)
                return await cursor.fetchall()

    async def rows_as(self, role: str, query: str, row_type: type[R], /, **parameters: object) -> list[R]:
        """The rows of any SQL file, read as `role`; afterwards the transaction is the caller's again.

        For users and tokens, which only `aurora_auth` may read. After a failed statement the transaction
        can do nothing more.
        """
        _refuse_unstorable(parameters)
        async with self._lock:
            session = await self._current()
            before = await (await session.execute("select current_setting('role')")).fetchone()
            await session.execute("select set_config('role', %s, true)", [role])
            async with session.cursor(row_factory=rows_of(row_type)) as cursor:
                await cursor.execute(read_query(query).encode(), parameters)
                rows = await cursor.fetchall()
            await session.execute("select set_config('role', %s, true)", before)
            return rows

    async def renew(self) -> None:
        """End the transaction; the next statement begins another, which sees what was committed since."""
        async with self._lock:
            self._session = None
            await self._stack.aclose()

    async def close(self) -> None:
        """End the transaction once its running statement has ended, and return the connection to the pool."""
        async with self._lock:
            self._closed = True
            await self._stack.aclose()

    async def _current(self) -> AsyncConnection[TupleRow]:
        if self._session is None:
            if self._identity is None:
                self._session, _ = await self._begin(None)
            else:
                self._session, _ = await self._begin(self._identity)
        return self._session

    @overload
    async def _begin(self, identity: Identity) -> tuple[AsyncConnection[TupleRow], Principal]: ...
    @overload
    async def _begin(self, identity: None) -> tuple[AsyncConnection[TupleRow], None]: ...
    async def _begin(self, identity: Identity | None) -> tuple[AsyncConnection[TupleRow], Principal | None]:
        """A connection that answered its first statement: the pool may hold some that are broken by now."""
        if self._closed:
            raise psycopg.InterfaceError("the request has ended")
        for tries_left in range(POOL_SIZE, -1, -1):
            session = await self._stack.enter_async_context(self._pool.connection())
            try:
                if identity is not None:
                    return session, await authenticate_async(session, identity)
                await AsyncConnectionPool.check_connection(session)
            except psycopg.OperationalError:
                if not session.broken or not tries_left:
                    raise
                with suppress(psycopg.OperationalError):
                    await self._stack.aclose()
            else:
                return session, None
        raise psycopg.InterfaceError("every connection of the pool is broken")


def rows_of(row_type: type[R]) -> AsyncRowFactory[R]:
    """Rows of `row_type`, columns by name in any order. Raises TypeError for columns that do not fit.

    psycopg's `class_row` passes each row's values by name, which costs a page of rows a tenth of its time.
    """

    def factory(cursor: AsyncCursor[Any]) -> Callable[[Sequence[Any]], R]:
        result = cursor.pgresult
        columns = tuple(result.fname(index) for index in range(result.nfields)) if result else ()
        make = _by_position(row_type, columns)  # type: ignore[arg-type] # a class can be hashed
        return class_row(row_type)(cursor) if make is None else make

    return factory


@lru_cache(maxsize=1024)
def _by_position(
    row_type: type[Any], columns: tuple[bytes | None, ...]
) -> Callable[[Sequence[Any]], Any] | None:
    """Makes a named tuple from a row of these columns; None where `class_row` must, or must raise."""
    fields: tuple[str, ...] = getattr(row_type, "_fields", ())
    names = tuple((column or b"").decode() for column in columns)
    if not fields or sorted(names) != sorted(fields):
        return None
    make: Callable[[Sequence[Any]], Any] = row_type._make
    if names == fields:
        return make
    in_order = itemgetter(*map(names.index, fields))
    return lambda values: make(in_order(values))


@lru_cache(maxsize=1024)
def row_type_of(columns: tuple[str, ...]) -> type[Any]:
    """A named tuple of exactly these columns: reading any other raises AttributeError."""
    return namedtuple("Row", columns)


@lru_cache(maxsize=1024)
def select_columns(query: str, columns: tuple[str, ...]) -> bytes:
    """The statement `query` with these of its columns, which are names from Aurora's code, in its own order.

    PostgreSQL does not compute the other columns, and keeps the order of an ordered subquery that it only
    selects from.
    """
    return f"select {', '.join(columns)}\nfrom (\n{query}\n) as whole".encode()


def _refuse_unstorable(parameters: Mapping[str, object]) -> None:
    for value in parameters.values():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and ("\0" in text or not _is_unicode(text)):
                raise Problem(Code.INVALID_ARGUMENT, "an argument holds a character that no text has")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
