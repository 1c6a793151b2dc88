"""Ethereum as a chain source: the roles of the graph, each handed to the module that knows it.

Nothing is worked out here: `asking.py` fetcher, `evidence.py` finds what is staged, and `periods.py`,
`earned_execution.py` and `earned_rewards.py` make the records.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from aurora_resources.config.chain_rules import EthereumRules
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.providers.chain_source import FeedPolicy
from aurora_resources.providers.ethereum.asking import fetch_role
from aurora_resources.providers.ethereum.beacon import Beacon
from aurora_resources.providers.ethereum.descriptions import normalize_meta
from aurora_resources.providers.ethereum.earned_execution import normalize_fees, normalize_mev
from aurora_resources.providers.ethereum.earned_rewards import normalize_rewards
from aurora_resources.providers.ethereum.evidence import Evidence
from aurora_resources.providers.ethereum.periods import fetch_head, normalize_period
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

_POLICIES: Final[Mapping[Feed, FeedPolicy]] = {
    Feed.PERIODS: FeedPolicy(()),
    Feed.STAKES: FeedPolicy((Feed.PERIODS,), keeps_gaps=True),
    Feed.META: FeedPolicy((Feed.PERIODS,), keeps_gaps=True),
    Feed.FEES: FeedPolicy((Feed.PERIODS, Feed.STAKES), keeps_gaps=True),
    # A block may have come through any relay, so only all of them together can say that none delivered it.
    Feed.MEV: FeedPolicy((Feed.PERIODS, Feed.STAKES, Feed.FEES), together=True, keeps_gaps=True),
    # A client's service fee may be a part of what its blocks earned.
    Feed.REWARDS: FeedPolicy((Feed.PERIODS, Feed.STAKES, Feed.FEES, Feed.MEV), keeps_gaps=True),
}


class EthereumChain:
    """One network; a period is a window of epochs, a validator its public key, an amount wei."""

    policies: Mapping[Feed, FeedPolicy] = _POLICIES

    def __init__(self, settings: ChainSettings) -> None:
        """Raises ConfigurationError for rules of another protocol."""
        if not isinstance(settings.rules, EthereumRules):
            raise ConfigurationError(f"{settings.chain_id}: its rules are not those of Ethereum")
        self._settings = settings
        self._rules = settings.rules

    async def head(self, fetcher: Fetcher) -> ChainHead:
        """Ask the first node which window runs, by what is finalised. Raises ProviderError."""
        return await fetch_head(fetcher, Beacon(self._settings.providers.rpc[0]), self._rules)

    async def fetch(
        self,
        fetcher: Fetcher,
        role: Feed,
        provider: str,
        period: Period | int,
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> None:
        """Ask `provider` everything `role` needs. Raises ProviderError."""
        period_id = period if isinstance(period, int) else period.period_id
        keys = [validator.validator_key for validator in validators]
        await fetch_role(fetcher, role, provider, period_id, keys, self._evidence(period_id, staged))

    def normalize_period(self, period_id: int, staged: Staged) -> Period:
        """Slots and times of the window. Raises PayloadError."""
        return normalize_period(period_id, self._evidence(period_id, staged).period, self._rules)

    def normalize_validators(
        self,
        period_id: int,  # noqa: ARG002 - the books of a whole network are not kept
        declared: Sequence[TrackedValidator] | None,
        staged: Staged,  # noqa: ARG002
    ) -> tuple[TrackedValidator, ...]:
        """Those declared."""
        return tuple(declared or ())

    def normalize_identities(
        self, period_id: int, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[ValidatorIdentity, ...]:
        """The index of each validator: what nodes call it."""
        states = self._evidence(period_id, staged).states
        return tuple(
            ValidatorIdentity(validator.validator_key, str(found.index), "beacon state")
            for validator in validators
            if (found := states.get(validator.validator_key)) is not None
        )

    def normalize_fees(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Normalized[ValidatorFees]:
        """One record a validator: the priority fees of blocks whose fee recipient is ours."""
        return normalize_fees(self._evidence(period.period_id, staged), provider, validators)

    def normalize_mev(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Normalized[ValidatorMev]:
        """One record a validator: what builders paid for its blocks, of all relays together."""
        return normalize_mev(self._evidence(period.period_id, staged), provider, validators)

    def normalize_rewards(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
        """One record a validator, and one for its stake."""
        return normalize_rewards(self._evidence(period.period_id, staged), provider, validators)

    def normalize_meta(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Normalized[ValidatorMeta]:
        """One record a validator the node knows, with the group it is in."""
        return normalize_meta(self._evidence(period.period_id, staged), provider, validators)

    def _evidence(self, period_id: int, staged: Staged) -> Evidence:
        return Evidence(self._settings, self._rules, period_id, staged)
