"""Reading with the synchronous stores of `aurora_assets`, as the caller and in one snapshot of the warehouse.

Statements of the API itself are read with the request's `Reader`.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

from aurora_api.access.authenticate import Identity, caller_transaction
from aurora_api.context.reader import STATEMENT_SECONDS
from aurora_api.context.request import Info
from aurora_resources.warehouse.connection import DbConnection, Warehouse

T = TypeVar("T")

READERS: Final = 4
_readers: Final = CapacityLimiter(READERS)


async def read_with(info: Info, work: Callable[[DbConnection], T]) -> T:
    """`work` in a thread, in a read-only transaction with the caller's role and settings."""
    call = partial(_read, info.context.warehouse, info.context.identity, work)
    return await anyio.to_thread.run_sync(call, limiter=_readers)


def _read(warehouse: Warehouse, identity: Identity, work: Callable[[DbConnection], T]) -> T:
    with caller_transaction(warehouse, identity, read_only=True, statement_seconds=STATEMENT_SECONDS) as (
        session,
        _,
    ):
        return work(session)
