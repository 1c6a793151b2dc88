"""Solana as a chain source: the roles of the graph, each handed to the module that knows it.

Nothing is worked out here: `asking.py` asks, `evidence.py` finds what is staged, and `periods.py`, `mev.py`,
`earned_fees.py` and `earned_rewards.py` make the records.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from aurora_resources.chain_rules import SolanaRules
from aurora_resources.config import ChainSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.providers.registry import RolePolicy
from aurora_resources.providers.solana import stakewiz
from aurora_resources.providers.solana.adapters import adapter_of
from aurora_resources.providers.solana.asking import ask_role
from aurora_resources.providers.solana.earned_fees import understand_fees
from aurora_resources.providers.solana.earned_rewards import understand_rewards
from aurora_resources.providers.solana.evidence import Evidence
from aurora_resources.providers.solana.fees import fees_of_blocks, fees_of_history
from aurora_resources.providers.solana.mev import understand_tips
from aurora_resources.providers.solana.payouts import payout
from aurora_resources.providers.solana.periods import ask_head, understand_period
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.staged import answers
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
    # The node lists the validators of now, and goes on correcting a fresh epoch.
    Role.PERIODS: RolePolicy((), once_over=True, settles_after=2),
    # Stake accounts are known as of now alone: at the end of an epoch means while the next one runs.
    Role.STAKES: RolePolicy((Role.PERIODS,), once_over=True, while_next_runs=True),
    Role.META: RolePolicy((Role.PERIODS,)),
    Role.MEV: RolePolicy((Role.PERIODS,)),
    Role.FEES: RolePolicy((Role.PERIODS, Role.MEV)),
    Role.REWARDS: RolePolicy((Role.PERIODS, Role.MEV, Role.STAKES)),
}


class SolanaChain:
    """One Solana cluster; a period is an epoch, a validator its vote account, an amount lamports."""

    policies: Mapping[Role, RolePolicy] = _POLICIES

    def __init__(self, settings: ChainSettings) -> None:
        """Raises ConfigurationError for rules of another protocol."""
        if not isinstance(settings.rules, SolanaRules):
            raise ConfigurationError(f"{settings.chain_id}: its rules are not those of Solana")
        self._settings = settings
        self._rules = settings.rules

    async def head(self, asks: Asks) -> ChainHead:
        """Ask the first node which epoch runs. Raises ProviderError."""
        return await ask_head(asks, SolanaRpc(self._settings.providers.rpc[0]))

    async def ask(
        self,
        asks: Asks,
        role: Role,
        provider: str,
        period: Period | int,
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> None:
        """Ask `provider` everything `role` needs. Raises ProviderError, ConfigurationError."""
        epoch = period if isinstance(period, int) else period.period_id
        await ask_role(self._settings, asks, role, provider, epoch, validators, staged)

    def understand_period(self, period_id: int, staged: Staged) -> Period:
        """Slots and times of the epoch. Raises ProviderError."""
        return understand_period(period_id, self._evidence(period_id, staged).period)

    def understand_validators(
        self, period_id: int, declared: Sequence[TrackedValidator] | None, staged: Staged
    ) -> tuple[TrackedValidator, ...]:
        """Those declared, or (None) every validator that may have earned something in the epoch.

        The node knows the validators of now; those gone since are found once MEV is staged.
        """
        if declared is not None:
            return tuple(declared)
        return tuple(map(self._settings.undeclared, self._evidence(period_id, staged).known_keys()))

    def understand_identities(
        self, period_id: int, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[ValidatorIdentity, ...]:
        """Declared identities first, then the node's, Jito's and Stakewiz'; none where nobody knows."""
        return self._evidence(period_id, staged).identities(validators)

    def understand_fees(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Understood[ValidatorFees]:
        """One record a validator, of a node's blocks or of Solana Beach. Raises PayloadError."""
        epoch, known = period.period_id, self._evidence(period.period_id, staged)
        identities = known.identity_of(validators)
        found = answers(staged, Role.FEES, provider)
        if adapter_of(self._settings, provider, Role.FEES) == "rpc":
            fees = fees_of_blocks(found, known.limits, identities.values())
        else:
            unit = self._rules.solanabeach_fee_unit
            fees = fees_of_history(found, epoch, unit, identities.values())
        return understand_fees(
            provider, epoch, known.running_epoch, validators, identities, fees, known.totals
        )

    def understand_mev(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> Understood[ValidatorMev]:
        """One record a validator, divided by the rules in force in the epoch. Raises PayloadError."""
        known = self._evidence(period.period_id, staged)
        return understand_tips(
            known.tips, provider, period.period_id, known.running_epoch, validators, self._rules
        )

    def understand_rewards(
        self, provider: str, period: Period, validators: Sequence[TrackedValidator], staged: Staged
    ) -> tuple[Understood[ValidatorRewards], tuple[StakeReward, ...]]:
        """One record a validator, and one a stake account. Raises PayloadError."""
        known = self._evidence(period.period_id, staged)
        return understand_rewards(
            provider,
            period.period_id,
            known.running_epoch,
            validators,
            payout(answers(staged, Role.REWARDS, provider), known.limits, period.period_id),
            known.tips,
            known.snapshot,
            self._rules,
            {found.vote_pubkey: found.announced_bps for found in known.vote_accounts},
            of_all=self._settings.validators == "all",
        )

    def understand_meta(
        self,
        provider: str,
        period: Period,  # noqa: ARG002 - descriptions are of now, whatever the epoch
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> Understood[ValidatorMeta]:
        """One record a validator Stakewiz describes, as of now. Raises PayloadError."""
        listed = answers(staged, Role.META, provider).last(stakewiz.VALIDATORS)
        described = {
            found.vote_identity: found
            for found in (() if listed is None else stakewiz.wiz_validators(listed))
        }
        return Understood(
            tuple(
                ValidatorMeta(
                    validator.validator_key,
                    provider,
                    name=found.name or None,
                    identity=found.identity,
                    commission_bps=found.commission_bps,
                    version=found.version,
                    delinquent=found.delinquent,
                    website=found.website or None,
                )
                for validator in validators
                if (found := described.get(validator.validator_key)) is not None
            )
        )

    def _evidence(self, epoch: int, staged: Staged) -> Evidence:
        return Evidence(self._settings, epoch, staged)
