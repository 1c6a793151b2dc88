"""STAKE_WEIGHT: the rule pays on the part of the revenue that falls to the partner's stake.

All partners' parts and the unowned rest come from one exact split, so they sum to the revenue.
"""

from collections.abc import Sequence

from aurora_assets.commission.agreement import Method
from aurora_assets.commission.attribution import Attribution
from aurora_assets.commission.facts import Revenue
from aurora_assets.commission.findings import FindingCode
from aurora_assets.commission.methods.protocol import (
    Base,
    Derivation,
    Gap,
    WalletFacts,
    base_of,
    sum_of_partner,
)
from aurora_resources.units import split_exactly


class StakeWeight:
    """A part by stake."""

    name = Method.STAKE_WEIGHT
    label = "part by stake"
    meaning = "the part of the revenue that falls to the stake of the partner's wallets"
    reads_wallets = True

    def find_base(self, attribution: Attribution, partner_id: str, revenue: Revenue) -> Base | Gap | None:
        """The partner's part of the split; a gap if a stake on the validator is unknown."""
        return find_part(attribution, partner_id, revenue, allocated=False)

    def derive(
        self,
        revenue: int,
        partner_id: str,
        wallets: Sequence[WalletFacts],
        *,
        allocated: bool,  # noqa: ARG002
    ) -> Derivation:
        """The split over all wallets, and the partner's part of it."""
        return derive_part(revenue, partner_id, wallets)


def find_part(
    attribution: Attribution, partner_id: str, revenue: Revenue, *, allocated: bool
) -> Base | Gap | None:
    """The partner's part of the revenue by stake; with `allocated` it stands in for an observation."""
    holders = attribution.stakes.get(revenue.validator_key, {})
    holding = holders.get(partner_id)
    if holding is None and (holders or revenue.amount == 0):
        return None
    if revenue.amount is None:
        return base_of(revenue, None)
    parts = attribution.parts(revenue.validator_key, revenue.component)
    if parts is None or holding is None:
        message = (
            f"{revenue.component} of {revenue.validator_key} cannot be split: not every stake on it is known"
        )
        return Gap(revenue.validator_key, FindingCode.STAKE_UNKNOWN, f"{message}; load them and recompute")
    # A split of zero is no allocation: it says the same as an observation would.
    return base_of(revenue, parts[partner_id], holding, allocated=allocated and revenue.amount != 0)


def derive_part(revenue: int, partner_id: str, wallets: Sequence[WalletFacts]) -> Derivation:
    """The same part from the facts kept of each wallet."""
    stakes = {facts.wallet: facts.stake for facts in wallets}
    known = {wallet: stake for wallet, stake in stakes.items() if stake is not None}
    parts: dict[str, int | None] = dict.fromkeys(stakes)
    if revenue == 0:
        parts = dict.fromkeys(stakes, 0)
    elif len(known) == len(stakes) and any(known.values()):
        parts = {**split_exactly(revenue, known)}
    amount = sum_of_partner(partner_id, wallets, parts)
    if len(known) < len(stakes):
        return Derivation("a part by stake, and not every stake on it is known", amount, parts)
    own = sum(known[facts.wallet] for facts in wallets if facts.partner_id == partner_id)
    formula = (
        f"{revenue:,} × {own:,} / {sum(known.values()):,} of the stake, split over the wallets by largest "
        "remainder"
    )
    return Derivation(formula, amount, parts)
