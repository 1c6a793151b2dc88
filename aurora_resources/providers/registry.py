"""What the graph needs of a chain's protocol, and which protocols there are.

A protocol folder (`solana/`, later others) implements `ChainSource`; the graph, the engine and the API see
only this interface and the canonical records. Adding a protocol is a folder and a line in `wiring.py`.
"""

from collections.abc import Sequence
from typing import Protocol

from aurora_resources.records import (
    Asks,
    ChainHead,
    Period,
    Role,
    Staged,
    StakeReward,
    TrackedValidator,
    Understood,
    ValidatorFees,
    ValidatorIdentity,
    ValidatorMeta,
    ValidatorMev,
    ValidatorRewards,
)


class ChainSource(Protocol):
    """One chain: how to ask its providers about a period, and how to understand what they said.

    The `ask_*` methods only ask (each answer is kept by `asks`); the `understand_*` methods are pure and
    work on staged payloads alone, so that every number can be replayed.
    """

    async def head(self, asks: Asks) -> ChainHead:
        """Ask where the chain is now."""
        ...

    async def ask(
        self,
        asks: Asks,
        role: Role,
        provider: str,
        period: Period | int,
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> None:
        """Ask `provider` everything `role` needs for `period` and `validators`.

        For Role.PERIODS `period` is the bare period id; for the others the known facts. `staged` holds what
        earlier roles brought (identities and validator lists come from there). Raises ProviderError.
        """
        ...

    def understand_period(self, period_id: int, staged: Staged) -> Period:
        """Slots and times of the period. Raises PayloadError."""
        ...

    def understand_validators(
        self, period_id: int, declared: Sequence[TrackedValidator] | None, staged: Staged
    ) -> tuple[TrackedValidator, ...]:
        """The validators whose books are kept: those declared, or (None) all the network knows."""
        ...

    def understand_identities(
        self, period_id: int, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[ValidatorIdentity, ...]:
        """The identity of each validator in the period."""
        ...

    def understand_fees(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Understood[ValidatorFees]:
        """One record a validator, MISSING where the provider said nothing."""
        ...

    def understand_mev(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Understood[ValidatorMev]:
        """One record a validator, MISSING where the provider said nothing."""
        ...

    def understand_rewards(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[Understood[ValidatorRewards], tuple[StakeReward, ...]]:
        """One record a validator, and one a stake account."""
        ...

    def understand_meta(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Understood[ValidatorMeta]:
        """One record a validator the provider knows."""
        ...
