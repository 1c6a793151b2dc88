"""Ethereum as a chain source: the roles of the graph, each handed to the module that knows it.

Nothing is worked out here: `asking.py` asks, `evidence.py` finds what is staged, and `periods.py`,
`earned_execution.py` and `earned_rewards.py` make the records.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from aurora_resources.chain_rules import EthereumRules
from aurora_resources.config import ChainSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.providers.ethereum.asking import ask_role
from aurora_resources.providers.ethereum.beacon import Beacon
from aurora_resources.providers.ethereum.descriptions import understand_meta
from aurora_resources.providers.ethereum.earned_execution import understand_fees, understand_mev
from aurora_resources.providers.ethereum.earned_rewards import understand_rewards
from aurora_resources.providers.ethereum.evidence import Evidence
from aurora_resources.providers.ethereum.periods import ask_head, understand_period
from aurora_resources.providers.registry import RolePolicy
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

_POLICIES: Final[Mapping[Role, RolePolicy]] = {
    Role.PERIODS: RolePolicy(()),
    Role.STAKES: RolePolicy((Role.PERIODS,), keeps_gaps=True),
    Role.META: RolePolicy((Role.PERIODS,), keeps_gaps=True),
    Role.FEES: RolePolicy((Role.PERIODS, Role.STAKES), keeps_gaps=True),
    # A block may have come through any relay, so only all of them together can say that none delivered it.
    Role.MEV: RolePolicy((Role.PERIODS, Role.STAKES, Role.FEES), together=True, keeps_gaps=True),
    # A client's service fee may be a part of what its blocks earned.
    Role.REWARDS: RolePolicy((Role.PERIODS, Role.STAKES, Role.FEES, Role.MEV), keeps_gaps=True),
}


class EthereumChain:
    """One network; a period is a window of epochs, a validator its public key, an amount wei."""

    policies: Mapping[Role, RolePolicy] = _POLICIES

    def __init__(self, settings: ChainSettings) -> None:
        """Raises ConfigurationError for rules of another protocol."""
        if not isinstance(settings.rules, EthereumRules):
            raise ConfigurationError(f"{settings.chain_id}: its rules are not those of Ethereum")
        self._settings = settings
        self._rules = settings.rules

    async def head(self, asks: Asks) -> ChainHead:
        """Ask the first node which window runs, by what is finalised. Raises ProviderError."""
        return await ask_head(asks, Beacon(self._settings.providers.rpc[0]), self._rules)

    async def ask(
        self,
        asks: Asks,
        role: Role,
        provider: str,
        period: Period | int,
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> None:
        """Ask `provider` everything `role` needs. Raises ProviderError."""
        period_id = period if isinstance(period, int) else period.period_id
        keys = [validator.validator_key for validator in validators]
        await ask_role(asks, role, provider, period_id, keys, self._evidence(period_id, staged))

    def understand_period(self, period_id: int, staged: Staged) -> Period:
        """Slots and times of the window. Raises PayloadError."""
        return understand_period(period_id, self._evidence(period_id, staged).period, self._rules)

    def understand_validators(
        self,
        period_id: int,  # noqa: ARG002 - the books of a whole network are not kept
        declared: Sequence[TrackedValidator] | None,
        staged: Staged,  # noqa: ARG002
    ) -> tuple[TrackedValidator, ...]:
        """Those declared."""
        return tuple(declared or ())

    def understand_identities(
        self, period_id: int, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[ValidatorIdentity, ...]:
        """The index of each validator: what nodes call it."""
        states = self._evidence(period_id, staged).states
        return tuple(
            ValidatorIdentity(validator.validator_key, str(found.index), "beacon state")
            for validator in validators
            if (found := states.get(validator.validator_key)) is not None
        )

    def understand_fees(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Understood[ValidatorFees]:
        """One record a validator: the priority fees of blocks whose fee recipient is ours."""
        return understand_fees(self._evidence(period.period_id, staged), provider, validators)

    def understand_mev(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Understood[ValidatorMev]:
        """One record a validator: what builders paid for its blocks, of all relays together."""
        return understand_mev(self._evidence(period.period_id, staged), provider, validators)

    def understand_rewards(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[Understood[ValidatorRewards], tuple[StakeReward, ...]]:
        """One record a validator, and one for its stake."""
        return understand_rewards(self._evidence(period.period_id, staged), provider, validators)

    def understand_meta(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Understood[ValidatorMeta]:
        """One record a validator the node knows, with the group it is in."""
        return understand_meta(self._evidence(period.period_id, staged), provider, validators)

    def _evidence(self, period_id: int, staged: Staged) -> Evidence:
        return Evidence(self._settings, self._rules, period_id, staged)
