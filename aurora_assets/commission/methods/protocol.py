"""What an attribution method is, and the values that every method answers with.

A method says what part of a validator's revenue a rule pays on. Amounts are native units; a base may be
negative: losses are set off in `payout.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aurora_assets.commission.agreement import Method
from aurora_assets.commission.attribution import Attribution, Holding
from aurora_assets.commission.facts import Revenue, Source
from aurora_assets.commission.findings import FindingCode
from aurora_resources.records import FactState


@dataclass(frozen=True, slots=True)
class Base:
    """What one validator adds to a rule's base; `allocated` if split by stake for want of an observation."""

    validator_key: str
    amount: int
    state: FactState
    allocated: bool
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a rule's base on one validator is not known."""

    validator_key: str
    code: FindingCode
    message: str


@dataclass(frozen=True, slots=True)
class WalletFacts:
    """One wallet on a validator in a period; None is unknown.

    `observed` is the revenue of the rule's component that was observed from the wallet.
    """

    wallet: str
    partner_id: str | None
    stake: int | None
    observed: int | None


@dataclass(frozen=True, slots=True)
class Derivation:
    """A base computed a second time: its formula with the numbers in it, and the amount it gives.

    `amount` is None if something in the formula is not known any more. `parts` says what each wallet
    contributes, None if unknown; it is empty where the base does not depend on wallets.
    """

    formula: str
    amount: int | None
    parts: Mapping[str, int | None]


class AttributionMethod(Protocol):
    """One way to find a rule's base on a validator."""

    @property
    def name(self) -> Method:
        """The name in agreements, files and answers."""

    @property
    def label(self) -> str:
        """What a statement says after the component's name: `vote rewards, part by stake`."""

    @property
    def meaning(self) -> str:
        """What the base is, after `The base is`."""

    @property
    def reads_wallets(self) -> bool:
        """Whether the base depends on wallets: their stake, or what was observed from them."""

    def find_base(self, attribution: Attribution, partner_id: str, revenue: Revenue) -> Base | Gap | None:
        """The partner's base, or the gap that keeps it unknown; None where the partner has no part."""

    def derive(
        self, revenue: int, partner_id: str, wallets: Sequence[WalletFacts], *, allocated: bool
    ) -> Derivation:
        """How a booked base was found, from the facts of all wallets on the validator.

        `allocated` is what the line says: that the base was split by stake for want of an observation.
        """


def base_of(
    revenue: Revenue, amount: int | None, holding: Holding | None = None, *, allocated: bool = False
) -> Base | Gap:
    """A base of `amount` with its sources; a gap if the amount or the revenue itself is not known."""
    if revenue.amount is None or amount is None:
        message = f"{revenue.component} of {revenue.validator_key} is missing; load it and recompute"
        return Gap(revenue.validator_key, FindingCode.FACT_MISSING, message)
    own = () if revenue.source is None else (revenue.source,)
    clients = sorted(holding.sources, key=str) if holding is not None else ()
    return Base(revenue.validator_key, amount, revenue.state, allocated, (*own, *clients))


def sum_of_partner(
    partner_id: str, wallets: Sequence[WalletFacts], parts: Mapping[str, int | None]
) -> int | None:
    """What the partner's wallets contribute together; None if any of their parts is unknown."""
    amounts = [parts[facts.wallet] for facts in wallets if facts.partner_id == partner_id]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None
