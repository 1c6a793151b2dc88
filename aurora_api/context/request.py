"""What resolvers work with: who is asking, their one read-only transaction, and the chains looked up in it.

All fields of a request see the same moment of the warehouse, until a mutation changes it. The SQL is in
`sql/api/`, by name.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, overload

import psycopg
import strawberry
from psycopg import AsyncConnection, IsolationLevel
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from strawberry.dataloader import DataLoader

from aurora_api.access.authenticate import Identity, authenticate_async
from aurora_api.access.principal import Principal
from aurora_api.context.row_types import row_type_of, rows_of, select_columns
from aurora_api.problems import Code, Problem
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.exact import read_numeric_as_int
from aurora_resources.warehouse.queries import read_query

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[TupleRow]]

POOL_SIZE: Final = 8
POOL_WAIT_SECONDS: Final = 5.0
STATEMENT_SECONDS: Final = 10

if TYPE_CHECKING:
    from aurora_api.access.rates import CountsRates
    from aurora_api.access.sessions import Sessions
    from aurora_api.queries.chains import Chain, Coins

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
    """The request's one transaction, begun by its first question, and closed with the request.

    It is the transaction of whoever `enter` says; without that it sees what aurora_api alone may see.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._stack = AsyncExitStack()
        self._session: AsyncConnection[TupleRow] | None = None
        self._identity: Identity | None = None
        self._closed = False
        # A failed field ends the request while its neighbours may still be asking: they must not be left with
        # a session that somebody else has by then.
        self._turn = asyncio.Lock()

    async def enter(self, identity: Identity) -> Principal:
        """Make the transaction this user's, now and after `renew`. Raises Problem for who may not come in."""
        async with self._turn:
            self._identity = identity
            self._session, principal = await self._begin(identity)
            return principal

    async def rows(self, name: str, row_type: type[R], /, **parameters: object) -> list[R]:
        """The rows of `sql/api/<name>`, columns by name. Raises Problem for a text that no text can be."""
        _refuse_unstorable(parameters)
        async with self._turn:
            session = await self._entered()
            async with session.cursor(row_factory=rows_of(row_type)) as cursor:
                await cursor.execute(read_query(f"api/{name}").encode(), parameters)
                return await cursor.fetchall()

    async def some_columns(self, name: str, columns: tuple[str, ...], /, **parameters: object) -> list[Any]:
        """The same rows in the same order, with these columns alone; the others are not even worked out."""
        _refuse_unstorable(parameters)
        query = select_columns(read_query(f"api/{name}"), columns)
        async with self._turn:
            session = await self._entered()
            async with session.cursor(row_factory=rows_of(row_type_of(columns))) as cursor:
                await cursor.execute(query, parameters)
                return await cursor.fetchall()

    async def rows_as(self, role: str, query: str, row_type: type[R], /, **parameters: object) -> list[R]:
        """The same for any SQL file, asked as another role than the caller's, who goes on as before.

        It is for users and tokens, which `aurora_auth` sees. A failed question leaves a transaction that can
        do nothing more.
        """
        _refuse_unstorable(parameters)
        async with self._turn:
            session = await self._entered()
            before = await (await session.execute("select current_setting('role')")).fetchone()
            await session.execute("select set_config('role', %s, true)", [role])
            async with session.cursor(row_factory=rows_of(row_type)) as cursor:
                await cursor.execute(read_query(query).encode(), parameters)
                rows = await cursor.fetchall()
            await session.execute("select set_config('role', %s, true)", before)
            return rows

    async def renew(self) -> None:
        """End the transaction; the next question begins another, which sees what was committed meanwhile."""
        async with self._turn:
            self._session = None
            await self._stack.aclose()

    async def close(self) -> None:
        """End the transaction, after the statement that runs, and give the session back."""
        async with self._turn:
            self._closed = True
            await self._stack.aclose()

    async def _entered(self) -> AsyncConnection[TupleRow]:
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
        """A session whose first statement was answered: the pool may hold some that died since."""
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
        raise psycopg.InterfaceError("no session of the pool lives")


@dataclass(slots=True)
class Reply:
    """What a resolver may add to the answer around the data: an HTTP status, headers.

    `operation` is what was asked, for the log and the metrics: the root field, if it is one.
    """

    status: int | None = None
    operation: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What every resolver is given with its field. `operation_name` is as the caller gave it.

    `principal` is who is asking, None only where a field is PUBLIC. `request_digest` is the SHA-256 of the
    request's body, `client` the address it came from. `loaders` are the request's, made on demand, `coins`
    the service's. With `introspection` questions about the schema itself are answered.
    """

    reader: Reader
    chains: "DataLoader[str, Chain | None]"
    correlation_id: str
    operation_name: str | None
    principal: Principal | None
    warehouse: Warehouse
    sessions: "Sessions"
    limits: "CountsRates"
    coins: "Coins"
    request_digest: bytes
    client: str
    reply: Reply = field(default_factory=Reply)
    loaders: dict[object, DataLoader[Any, Any]] = field(default_factory=dict)
    introspection: bool = False

    @property
    def caller(self) -> Principal:
        """Who is asking. Raises Problem for nobody."""
        if self.principal is None:
            raise Problem(Code.UNAUTHENTICATED, "sign in first")
        return self.principal

    @property
    def identity(self) -> Identity:
        """Whose transactions to begin. Raises Problem for nobody."""
        return Identity(self.caller.user_id, self.caller.session_id)

    async def renew(self) -> None:
        """Forget what was read: something is about to change."""
        await self.reader.renew()
        self.chains.clear_all()
        self.loaders.clear()


Info: TypeAlias = strawberry.Info[Context, None]


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
