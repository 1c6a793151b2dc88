"""The responses of providers behind a fact: who was asked what, when, and the digest of what came back.

The bytes themselves stay in the warehouse; `aurora verify` replays them.
"""

from datetime import datetime
from typing import Annotated, Final, NamedTuple, TypeAlias

import strawberry

from aurora_api.context.reader import Reader
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem

SOURCES_DEFAULT: Final = 10
SOURCES_MAX: Final = 100


@strawberry.type(description="One response of a provider, kept byte by byte.")
class SourcePayload:
    """One response."""

    sha256: str = strawberry.field(description="Of the body, hexadecimal.")
    role: str = strawberry.field(description="What was asked for: fees, mev, rewards, ...")
    provider: str
    endpoint: str
    subject: str | None = strawberry.field(description="The one it is about; null when about many.")
    request: str = strawberry.field(description="What was asked, as JSON, without secrets.")
    status: int = strawberry.field(description="HTTP.")
    fetched_at: datetime = strawberry.field(description="UTC.")
    size_bytes: int
    run_id: str


class _Asked(NamedTuple):
    ingestion_id: int
    validator_key: str
    limit: int


class _PayloadRow(NamedTuple):
    asked: int
    position: int
    role: str
    provider: str
    endpoint: str
    subject: str | None
    request: str
    status: int
    fetched_at: datetime
    sha256: str
    size_bytes: int
    run_id: str


SourceCount: TypeAlias = Annotated[
    int, strawberry.argument(description=f"How many at most, 1 to {SOURCES_MAX}, in the order of asking.")
]


async def sources_of(info: Info, ingestion_id: int, validator_key: str, first: int) -> list[SourcePayload]:
    """The first responses behind a fact. Raises Problem when `first` is out of bounds."""
    if not 1 <= first <= SOURCES_MAX:
        raise Problem(Code.LIMIT_EXCEEDED, f"first is {first}; ask for 1 to {SOURCES_MAX} responses")
    return await info.context.loader(_load_payloads).load(_Asked(ingestion_id, validator_key, first))


async def _load_payloads(reader: Reader, asked: list[_Asked]) -> list[list[SourcePayload]]:
    rows = await reader.rows(
        "staging/payloads.source_payloads",
        _PayloadRow,
        ingestion_ids=[one.ingestion_id for one in asked],
        validator_keys=[one.validator_key for one in asked],
        row_limit=max(one.limit for one in asked),
    )
    found: list[list[SourcePayload]] = [[] for _ in asked]
    for row in rows:
        found[row.asked - 1].append(_payload(row))
    return [payloads[: one.limit] for payloads, one in zip(found, asked, strict=True)]


def _payload(row: _PayloadRow) -> SourcePayload:
    return SourcePayload(
        sha256=row.sha256,
        role=row.role,
        provider=row.provider,
        endpoint=row.endpoint,
        subject=row.subject,
        request=row.request,
        status=row.status,
        fetched_at=row.fetched_at,
        size_bytes=row.size_bytes,
        run_id=row.run_id,
    )
