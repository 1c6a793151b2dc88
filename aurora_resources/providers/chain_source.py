"""What the pipeline needs of a chain: `ChainSource` fetches, `PeriodView` reads what was fetched.

A chain's folder (`solana/`, `ethereum/`) implements both; the pipeline, the engine and the API see only these
interfaces and the canonical records. A new chain is a folder and a line in `wiring.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from graphlib import TopologicalSorter
from typing import Protocol, TypeVar

from aurora_resources.records import (
    ChainHead,
    Feed,
    Fetcher,
    Normalized,
    Period,
    Staged,
    StakeReward,
    TrackedValidator,
    ValidatorFees,
    ValidatorIdentity,
    ValidatorMeta,
    ValidatorMev,
    ValidatorRewards,
)


@dataclass(frozen=True, slots=True)
class FeedPolicy:
    """How the providers of one feed are asked.

    `depends_on`: the feeds whose responses its requests are built from and its facts are read with.
    `combine_providers`: every provider contributes to the fact, so all are asked and their responses are
    read together; otherwise they are asked in order of preference until every validator has a fact.
    `keep_partial`: if a provider fails, what was received is kept, the slice stays open, and what is not
    known is MISSING; otherwise nothing is kept unless a provider answered.
    `before_final`: it may be fetched as soon as the period is over, before it is final.
    `only_during_next_period`: it can only be fetched while the next period runs.
    `settles_after_periods`: it is fetched again until the chain is that many periods further.
    """

    depends_on: tuple[Feed, ...]
    combine_providers: bool = False
    keep_partial: bool = False
    before_final: bool = False
    only_during_next_period: bool = False
    settles_after_periods: int = 0


def fetch_order(policies: Mapping[Feed, FeedPolicy]) -> tuple[Feed, ...]:
    """Every feed after the feeds it builds on."""
    built_on = {feed: policy.depends_on for feed, policy in policies.items()}
    return tuple(TopologicalSorter(built_on).static_order())


class PeriodView(Protocol):
    """One period of one chain as its staged responses describe it, for the tracked validators.

    Nothing is fetched and nothing is stored: each value is computed from the responses when it is first
    needed, and kept for as long as the view. Every member may raise PayloadError.
    """

    @property
    def period(self) -> Period:
        """Slots and times of the period."""
        ...

    @property
    def validators(self) -> tuple[TrackedValidator, ...]:
        """The tracked validators: those declared, or every one the network knows where all are tracked."""
        ...

    @property
    def identities(self) -> tuple[ValidatorIdentity, ...]:
        """The identity of each validator in the period; absent where none is known."""
        ...

    def fees(self, provider: str) -> Normalized[ValidatorFees]:
        """One record a validator, MISSING where the provider said nothing."""
        ...

    def mev(self, provider: str) -> Normalized[ValidatorMev]:
        """One record a validator, MISSING where the provider said nothing."""
        ...

    def rewards(self, provider: str) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
        """One record a validator, and one a stake account."""
        ...

    def meta(self, provider: str) -> Normalized[ValidatorMeta]:
        """One record a validator the provider knows."""
        ...


class ChainSource(Protocol):
    """One chain: how its providers are asked about a period, and a view of what they answered.

    `policies` has every feed.
    """

    @property
    def policies(self) -> Mapping[Feed, FeedPolicy]:
        """How each feed is fetched."""
        ...

    async def head(self, fetcher: Fetcher) -> ChainHead:
        """Fetch where the chain is now. Raises ProviderError."""
        ...

    async def fetch(
        self,
        fetcher: Fetcher,
        feed: Feed,
        provider: str,
        period_id: int,
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> None:
        """Fetch from `provider` everything `feed` needs for the period and `validators`.

        `staged` holds the responses of the feeds it depends on. Raises ProviderError.
        """
        ...

    def open(self, period_id: int, staged: Staged) -> PeriodView:
        """A view of the period from these responses; opening reads none of them yet."""
        ...


V = TypeVar("V")
T = TypeVar("T")


def cached_by_provider(method: Callable[[V, str], T]) -> Callable[[V, str], T]:
    """Make a method of one provider compute its result once for each provider, as cached_property does."""
    attribute = f"_{method.__name__}_by_provider"

    @wraps(method)
    def cached(view: V, provider: str) -> T:
        results: dict[str, T] = view.__dict__.setdefault(attribute, {})
        if provider not in results:
            results[provider] = method(view, provider)
        return results[provider]

    return cached
