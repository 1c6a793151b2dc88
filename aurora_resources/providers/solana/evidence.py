"""What is staged for one epoch, read once each when first needed: period, tips, snapshot, identities.

The records of one feed also need responses of other feeds; they are found here.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

from aurora_resources.config.models import ChainSettings
from aurora_resources.providers.solana import rpc, stakewiz
from aurora_resources.providers.solana.mev import TipResponses, tip_responses
from aurora_resources.providers.solana.periods import (
    Boundaries,
    boundaries,
    period_answers,
    running_epoch,
)
from aurora_resources.providers.solana.rpc import VoteAccount
from aurora_resources.providers.solana.stakes import Snapshot, snapshot
from aurora_resources.providers.solana.stakewiz import WizValidator
from aurora_resources.providers.solana.validators import identities, known_keys
from aurora_resources.providers.staged import Answers, first_with
from aurora_resources.records import Feed, Staged, TrackedValidator, ValidatorIdentity


class Evidence:
    """The staged responses of one epoch of one chain. Every property may raise PayloadError."""

    def __init__(self, settings: ChainSettings, epoch: int, staged: Staged) -> None:
        self._providers = settings.providers
        self.epoch = epoch
        self._staged = staged

    @cached_property
    def period(self) -> Answers:
        """What the node said of the period."""
        return period_answers(self._staged, self._providers.rpc)

    @cached_property
    def limits(self) -> Boundaries:
        """The epoch's slots."""
        return boundaries(self.period, self.epoch)

    @cached_property
    def running_epoch(self) -> int:
        """The epoch that ran when the period was asked for."""
        return running_epoch(self.period)

    @cached_property
    def totals(self) -> TipResponses | None:
        """Jito's book without the stakers' claims."""
        return tip_responses(self._staged, self._providers.mev, self.epoch, with_claims=False)

    @cached_property
    def tips(self) -> TipResponses | None:
        """Jito's book with the stakers' claims."""
        return tip_responses(self._staged, self._providers.mev, self.epoch, with_claims=True)

    @cached_property
    def snapshot(self) -> Snapshot | None:
        """Our snapshot of stake accounts, if one was taken in time."""
        return snapshot(self._staged, self._providers.rpc, self.epoch)

    @cached_property
    def vote_accounts(self) -> tuple[VoteAccount, ...]:
        """The validators the node knew when it was asked."""
        listed = self.period.last("getVoteAccounts")
        return () if listed is None else rpc.vote_accounts(listed)

    @cached_property
    def described(self) -> tuple[WizValidator, ...]:
        """The validators Stakewiz describes; empty when it was not asked."""
        found = first_with(self._staged, Feed.META, self._providers.meta, stakewiz.VALIDATORS)
        listed = None if found is None else found.last(stakewiz.VALIDATORS)
        return () if listed is None else stakewiz.wiz_validators(listed)

    def known_keys(self) -> tuple[str, ...]:
        """Vote accounts that may have earned something in the epoch."""
        return known_keys(self.epoch, self.vote_accounts, self.totals)

    def identities(self, validators: Sequence[TrackedValidator]) -> tuple[ValidatorIdentity, ...]:
        """The identity of each validator in the epoch, where one is known."""
        return identities(self.epoch, validators, self.vote_accounts, self.totals, self.described)

    def identity_of(self, validators: Sequence[TrackedValidator]) -> Mapping[str, str]:
        """The same by vote account."""
        return {found.validator_key: found.identity for found in self.identities(validators)}
