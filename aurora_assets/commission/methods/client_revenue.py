"""CLIENT_REVENUE: the rule pays on the revenue observed from the partner's clients.

Where a component reaches no client's account of its own, the part by stake stands in, and is marked.
"""

from collections.abc import Mapping, Sequence

from aurora_assets.commission.agreement import Method
from aurora_assets.commission.attribution import Attribution, Holding
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
from aurora_assets.commission.methods.stake_weight import derive_part, find_part
from aurora_resources.records import Component

# Execution fees, and MEV where it is pooled, are paid to the operator only.
_ALLOCATED_WHEN_UNOBSERVED = frozenset({Component.EXEC_FEES, Component.MEV_TIPS})


class ClientRevenue:
    """The clients' own revenue."""

    name = Method.CLIENT_REVENUE
    label = "from the clients' stake"
    meaning = (
        "the revenue observed from the stake accounts of the partner's wallets; execution fees and pooled "
        "MEV, which no client's account shows, are allocated by stake"
    )
    reads_wallets = True

    def find_base(self, attribution: Attribution, partner_id: str, revenue: Revenue) -> Base | Gap | None:
        """What was observed; a gap if part of it is unknown, the part by stake where nothing can be."""
        observed = attribution.observed.get((revenue.validator_key, revenue.component))
        if observed is not None or _is_observable(revenue):
            return _find_observed(attribution, partner_id, revenue, observed)
        return find_part(attribution, partner_id, revenue, allocated=True)

    def derive(
        self, revenue: int, partner_id: str, wallets: Sequence[WalletFacts], *, allocated: bool
    ) -> Derivation:
        """What was observed from each wallet, or the split by stake."""
        if allocated:
            return derive_part(revenue, partner_id, wallets)
        parts = {facts.wallet: facts.observed for facts in wallets}
        if not revenue and all(amount is None for amount in parts.values()):
            parts = dict.fromkeys(parts, 0)  # nothing was earned, so there was nothing to observe
        own = sum(facts.partner_id == partner_id for facts in wallets)
        formula = f"observed on the accounts of {own} of {len(wallets)} wallets"
        return Derivation(formula, sum_of_partner(partner_id, wallets, parts), parts)


def _is_observable(revenue: Revenue) -> bool:
    # Where no commission was taken there is nothing to observe, and a zero has only one split.
    nothing_taken = revenue.component is Component.COMMISSION and revenue.amount == 0
    return revenue.component not in _ALLOCATED_WHEN_UNOBSERVED and not nothing_taken


def _find_observed(
    attribution: Attribution, partner_id: str, revenue: Revenue, observed: Mapping[str | None, Holding] | None
) -> Base | Gap | None:
    holders = attribution.stakes.get(revenue.validator_key, {})
    # Without any row about clients it is not known who has a part in the validator: nobody is left out.
    if (holders or observed) and partner_id not in holders and partner_id not in (observed or {}):
        return None
    holding = Holding(None) if observed is None else observed.get(partner_id, Holding())
    if revenue.amount is not None and holding.amount is None:
        message = f"{revenue.component} of {revenue.validator_key} was not fully observed by client"
        return Gap(
            revenue.validator_key,
            FindingCode.CLIENT_REVENUE_UNKNOWN,
            f"{message}; load its stake rewards and recompute",
        )
    return base_of(revenue, holding.amount, holding)
