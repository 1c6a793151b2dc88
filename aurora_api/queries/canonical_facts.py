"""Canonical facts of a validator in a period, by provider, and the provider responses behind each fact.

P&L is computed from these facts. Amounts are as the chain or the provider reported them. The bodies of
responses stay in the warehouse; `aurora verify` replays them.
"""

from datetime import datetime
from typing import Annotated, Final, NamedTuple, TypeAlias

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.reader import Reader
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.queries.chains import FromPeriod, ToPeriod, period_range, read_ordinal
from aurora_api.queries.validators import ValidatorKeys, bounded
from aurora_api.schema.enums import FactState
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Bps, Ordinal

SOURCES_DEFAULT: Final = 10
SOURCES_MAX: Final = 100


@strawberry.type(
    description="One response of a provider, stored byte for byte.",
    directives=requires(Capability.READ_FACTS),
)
class SourcePayload:
    """One response."""

    sha256: str = strawberry.field(description="Of the body, hexadecimal.")
    role: str = strawberry.field(description="The feed: fees, mev, rewards, ...")
    provider: str
    endpoint: str
    subject: str | None = strawberry.field(
        description="The single validator or account that it is about, if any."
    )
    request: str = strawberry.field(description="The request, as JSON, without secrets.")
    status: int = strawberry.field(description="The HTTP status code.")
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
        found[row.asked - 1].append(_source_payload(row))
    return [payloads[: one.limit] for payloads, one in zip(found, asked, strict=True)]


def _source_payload(row: _PayloadRow) -> SourcePayload:
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


_KEYSET: Final = Keyset("canonicalFacts", {"period_id": int, "validator_key": str})
_SOURCES: Final = "The responses it was derived from: about the validator, or not about a single one."


@strawberry.type(
    description="The fees of the blocks that a validator produced.",
    directives=requires(Capability.READ_FACTS),
)
class FeesFact:
    """Fees."""

    state: FactState
    provider: str
    gross: Money | None
    delegators_share: Money | None
    operator_share: Money | None = strawberry.field(description="Null if and only if the state is MISSING.")
    produced_blocks: int | None
    ingestion_id: strawberry.Private[int]
    validator_key: strawberry.Private[str]

    @strawberry.field(description=_SOURCES)  # type: ignore[untyped-decorator] # Strawberry types it so
    async def sources(self, info: Info, first: SourceCount = SOURCES_DEFAULT) -> list[SourcePayload]:
        """Its responses."""
        return await sources_of(info, self.ingestion_id, self.validator_key, first)


@strawberry.type(
    description="The tips of a validator's blocks, and how they were distributed.",
    directives=requires(Capability.READ_FACTS),
)
class MevFact:
    """MEV."""

    state: FactState
    provider: str
    gross: Money | None
    protocol_fee: Money | None
    delegators_share: Money | None
    operator_share: Money | None = strawberry.field(description="Null if and only if the state is MISSING.")
    commission_bps: Bps | None
    ingestion_id: strawberry.Private[int]
    validator_key: strawberry.Private[str]

    @strawberry.field(description=_SOURCES)  # type: ignore[untyped-decorator]
    async def sources(self, info: Info, first: SourceCount = SOURCES_DEFAULT) -> list[SourcePayload]:
        """Its responses."""
        return await sources_of(info, self.ingestion_id, self.validator_key, first)


@strawberry.type(
    description="The rewards of a validator's stake: commission, stakers' share, own rewards.",
    directives=requires(Capability.READ_FACTS),
)
class RewardsFact:
    """Rewards."""

    state: FactState
    provider: str
    commission: Money | None = strawberry.field(description="Null if and only if the state is MISSING.")
    delegators_share: Money | None
    own_rewards: Money | None
    active_stake: Money | None
    stakers_state: FactState = strawberry.field(description="The certainty of the rewards by staker.")
    staker_count: int
    ingestion_id: strawberry.Private[int]
    validator_key: strawberry.Private[str]

    @strawberry.field(description=_SOURCES)  # type: ignore[untyped-decorator]
    async def sources(self, info: Info, first: SourceCount = SOURCES_DEFAULT) -> list[SourcePayload]:
        """Its responses."""
        return await sources_of(info, self.ingestion_id, self.validator_key, first)


@strawberry.type(
    description="The facts of one validator in one period; null where none were fetched yet.",
    directives=requires(Capability.READ_FACTS),
)
class CanonicalFacts(Node):
    """One validator's facts of one period."""

    chain_id: str
    period_id: Ordinal
    validator_key: str
    validator_name: str | None
    fees: FeesFact | None
    mev: MevFact | None
    rewards: RewardsFact | None


class _FactsRow(NamedTuple):
    period_id: int
    validator_key: str
    validator_name: str | None
    fees_state: str | None
    fees_gross: int | None
    fees_delegators_share: int | None
    fees_operator_share: int | None
    produced_blocks: int | None
    fees_provider: str | None
    fees_ingestion_id: int | None
    mev_state: str | None
    mev_gross: int | None
    mev_protocol_fee: int | None
    mev_delegators_share: int | None
    mev_operator_share: int | None
    mev_commission_bps: int | None
    mev_provider: str | None
    mev_ingestion_id: int | None
    rewards_state: str | None
    rewards_commission: int | None
    rewards_delegators_share: int | None
    rewards_own: int | None
    active_stake: int | None
    stakers_state: str | None
    staker_count: int | None
    rewards_provider: str | None
    rewards_ingestion_id: int | None


async def resolve_canonical_facts(
    info: Info,
    chain_id: str,
    from_period: FromPeriod = None,
    to_period: ToPeriod = None,
    validator_keys: ValidatorKeys = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[CanonicalFacts]:
    """Facts, by period and validator."""
    coin = await info.context.find_coin(chain_id)
    filters = {
        "chain_id": chain_id,
        **period_range(from_period, to_period),
        "validator_keys": bounded(validator_keys),
    }
    page = _KEYSET.page(first, after, filters)
    rows = await info.context.reader.rows(
        "canonical/facts.fact_page", _FactsRow, **filters, **page.parameters
    )
    return page.connection(rows, lambda row: _facts(row, chain_id, coin))


async def find_facts(info: Info, chain_id: str, period_id: str, validator_key: str) -> CanonicalFacts | None:
    """One validator's facts of one period; None when none are visible."""
    period = read_ordinal(period_id)
    found = await resolve_canonical_facts(info, chain_id, period, period, [validator_key], first=1)
    return found.edges[0].node if found.edges else None


def _facts(row: _FactsRow, chain_id: str, coin: Coin) -> CanonicalFacts:
    return CanonicalFacts(
        id=node_id("CanonicalFacts", chain_id, row.period_id, row.validator_key),
        chain_id=chain_id,
        period_id=Ordinal(row.period_id),
        validator_key=row.validator_key,
        validator_name=row.validator_name,
        fees=_fees(row, coin),
        mev=_mev(row, coin),
        rewards=_rewards(row, coin),
    )


def _fees(row: _FactsRow, coin: Coin) -> FeesFact | None:
    if row.fees_state is None or row.fees_provider is None or row.fees_ingestion_id is None:
        return None
    return FeesFact(
        state=FactState(row.fees_state),
        provider=row.fees_provider,
        gross=coin.money(row.fees_gross),
        delegators_share=coin.money(row.fees_delegators_share),
        operator_share=coin.money(row.fees_operator_share),
        produced_blocks=row.produced_blocks,
        ingestion_id=row.fees_ingestion_id,
        validator_key=row.validator_key,
    )


def _mev(row: _FactsRow, coin: Coin) -> MevFact | None:
    if row.mev_state is None or row.mev_provider is None or row.mev_ingestion_id is None:
        return None
    return MevFact(
        state=FactState(row.mev_state),
        provider=row.mev_provider,
        gross=coin.money(row.mev_gross),
        protocol_fee=coin.money(row.mev_protocol_fee),
        delegators_share=coin.money(row.mev_delegators_share),
        operator_share=coin.money(row.mev_operator_share),
        commission_bps=None if row.mev_commission_bps is None else Bps(row.mev_commission_bps),
        ingestion_id=row.mev_ingestion_id,
        validator_key=row.validator_key,
    )


def _rewards(row: _FactsRow, coin: Coin) -> RewardsFact | None:
    if row.rewards_state is None or row.rewards_provider is None or row.rewards_ingestion_id is None:
        return None
    return RewardsFact(
        state=FactState(row.rewards_state),
        provider=row.rewards_provider,
        commission=coin.money(row.rewards_commission),
        delegators_share=coin.money(row.rewards_delegators_share),
        own_rewards=coin.money(row.rewards_own),
        active_stake=coin.money(row.active_stake),
        stakers_state=FactState(row.stakers_state or FactState.MISSING),
        staker_count=row.staker_count or 0,
        ingestion_id=row.rewards_ingestion_id,
        validator_key=row.validator_key,
    )


@strawberry.type
class CanonicalFactsQueries:
    """The queries of this module, as root fields."""

    canonical_facts: Connection[CanonicalFacts] | None = strawberry.field(
        resolver=resolve_canonical_facts,
        description="Facts by period and validator, with the provider responses they were derived from.",
        directives=requires(Capability.READ_FACTS),
    )
