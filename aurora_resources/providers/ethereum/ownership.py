"""Whose a validator's stake and income are in a period, by what is declared and what the chain says.

The chain knows the withdrawal address; `chains.yaml` knows which addresses are the operator's, which group a
validator is in, and what its client pays. Nothing is guessed: who is not declared is unknown.
"""

from dataclasses import dataclass
from typing import Final

from aurora_resources.config.chain_rules import EthereumRules, FeeBase, Group, Owner, ServiceTerms
from aurora_resources.providers.ethereum.findings import OWNER_UNKNOWN
from aurora_resources.records import Finding, TrackedValidator
from aurora_resources.units import floor_share

OWN_TERMS: Final = ServiceTerms(fee_bps=0, base=FeeBase.GROSS, execution_income=Owner.OPERATOR)


@dataclass(frozen=True, slots=True)
class Ownership:
    """`terms` are None when it is not known whose the validator is; `finding` says what to declare then."""

    group: Group | None
    is_own: bool
    terms: ServiceTerms | None
    finding: Finding | None = None

    @property
    def operator_keeps_execution(self) -> bool | None:
        """Whether fees and MEV are the operator's; None when unknown."""
        return None if self.terms is None else self.terms.execution_income is Owner.OPERATOR

    @property
    def counts_execution(self) -> bool:
        """Whether the service fee is a part of what blocks earned, too."""
        terms = self.terms
        return (
            terms is not None
            and not self.is_own
            and terms.fee_bps > 0
            and terms.base is not FeeBase.CONSENSUS
        )

    def service_fee(self, consensus: int, execution: int | None) -> int | None:
        """What the client pays, in wei: rounded down, nothing of a loss; None when its base is unknown."""
        if self.terms is None:
            return None
        if self.is_own or self.terms.fee_bps == 0:
            return 0
        layers: dict[FeeBase, int | None] = {
            FeeBase.CONSENSUS: consensus,
            FeeBase.EXECUTION: execution,
            FeeBase.GROSS: None if execution is None else consensus + execution,
        }
        base = layers[self.terms.base]
        return None if base is None else floor_share(max(base, 0), self.terms.fee_bps)


def ownership(
    rules: EthereumRules, validator: TrackedValidator, withdrawal_address: str | None, period_id: int
) -> Ownership:
    """Whose the validator is. An own wallet counts before a client's group."""
    key = validator.validator_key
    group = rules.group_of(key, period_id)
    if withdrawal_address is not None and withdrawal_address in (validator.own_wallets or ()):
        return Ownership(group, is_own=True, terms=OWN_TERMS)
    if group is None:
        whose = "no withdrawal address yet" if withdrawal_address is None else withdrawal_address
        return _unknown(
            None,
            f"its stake belongs to {whose}, which is no own wallet, and no group has it in period "
            f"{period_id}; declare it in own_wallets, or the validator in a group of its client",
            key,
        )
    if group.client is None:
        if withdrawal_address is None:
            return Ownership(group, is_own=True, terms=OWN_TERMS)
        return _unknown(
            group,
            f"group {group.code} has no client, yet its stake belongs to {withdrawal_address}, which is no "
            "own wallet; declare the wallet or the client",
            key,
        )
    terms = rules.client(group.client).terms_in(period_id)
    if terms is None:
        return _unknown(
            group, f"client {group.client} has no terms in period {period_id}; declare what it pays", key
        )
    return Ownership(group, is_own=False, terms=terms)


def _unknown(group: Group | None, problem: str, key: str) -> Ownership:
    return Ownership(group, is_own=False, terms=None, finding=Finding(OWNER_UNKNOWN, problem, key))
