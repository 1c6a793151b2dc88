"""What the graph needs of a chain's protocol, and which protocols there are.

A protocol folder (`solana/`, later others) implements `ChainSource`; the graph, the engine and the API see
only this interface and the canonical records. Adding a protocol is a folder and a line in `wiring.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Protocol

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


class ChainSource(Protocol):
    """One chain: how to ask its providers about a period, and how to understand what they said.

    `policies` has every feed.

    The `ask_*` methods only ask (each answer is kept by `asks`); the `understand_*` methods are pure and
    work on staged responses alone, so that every number can be replayed.
    """

    @property
    def policies(self) -> Mapping[Feed, FeedPolicy]:
        """How each feed is asked."""
        ...

    async def head(self, fetcher: Fetcher) -> ChainHead:
        """Ask where the chain is now."""
        ...

    async def fetch(
        self,
        fetcher: Fetcher,
        feed: Feed,
        provider: str,
        period: Period | int,
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> None:
        """Ask `provider` everything `feed` needs for `period` and `validators`.

        For Feed.PERIODS `period` is the bare period id; for the others the known facts. `staged` holds what
        earlier feeds brought (identities and validator lists come from there). Raises ProviderError.
        """
        ...

    def normalize_period(self, period_id: int, staged: Staged) -> Period:
        """Slots and times of the period. Raises PayloadError."""
        ...

    def normalize_validators(
        self, period_id: int, declared: Sequence[TrackedValidator] | None, staged: Staged
    ) -> tuple[TrackedValidator, ...]:
        """The validators whose books are kept: those declared, or (None) all the network knows."""
        ...

    def normalize_identities(
        self, period_id: int, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[ValidatorIdentity, ...]:
        """The identity of each validator in the period."""
        ...

    def normalize_fees(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Normalized[ValidatorFees]:
        """One record a validator, MISSING where the provider said nothing."""
        ...

    def normalize_mev(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Normalized[ValidatorMev]:
        """One record a validator, MISSING where the provider said nothing."""
        ...

    def normalize_rewards(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
        """One record a validator, and one a stake account."""
        ...

    def normalize_meta(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Normalized[ValidatorMeta]:
        """One record a validator the provider knows."""
        ...
