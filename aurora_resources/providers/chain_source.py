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
    """How a protocol wants one role to be asked.

    `earlier` are the roles whose answers its requests are built from and its facts read with, in the order
    they are asked. `together`: all providers make the fact, so every one is asked and their answers are read
    as one; otherwise they are asked in order of preference until every validator is answered for.
    `keeps_gaps`: when a provider fails the slice stays open with what was received, and what is not known is
    MISSING; otherwise nothing is kept unless somebody answered. `once_over`: it may be asked as soon as the
    period is over, before it is final. `while_next_runs`: it can only be asked during the next period.
    `settles_after`: it is asked again until the chain is so many periods on.
    """

    earlier: tuple[Feed, ...]
    together: bool = False
    keeps_gaps: bool = False
    once_over: bool = False
    while_next_runs: bool = False
    settles_after: int = 0


def in_order(policies: Mapping[Feed, FeedPolicy]) -> tuple[Feed, ...]:
    """Every role after the roles it builds on."""
    built_on = {role: policy.earlier for role, policy in policies.items()}
    return tuple(TopologicalSorter(built_on).static_order())


class ChainSource(Protocol):
    """One chain: how to ask its providers about a period, and how to understand what they said.

    `policies` has every role.

    The `ask_*` methods only ask (each answer is kept by `asks`); the `understand_*` methods are pure and
    work on staged payloads alone, so that every number can be replayed.
    """

    @property
    def policies(self) -> Mapping[Feed, FeedPolicy]:
        """How each role is asked."""
        ...

    async def head(self, fetcher: Fetcher) -> ChainHead:
        """Ask where the chain is now."""
        ...

    async def fetch(
        self,
        fetcher: Fetcher,
        role: Feed,
        provider: str,
        period: Period | int,
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> None:
        """Ask `provider` everything `role` needs for `period` and `validators`.

        For Feed.PERIODS `period` is the bare period id; for the others the known facts. `staged` holds what
        earlier roles brought (identities and validator lists come from there). Raises ProviderError.
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
