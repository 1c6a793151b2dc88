"""The base of a rule on each validator it covers: an amount, or the name of what is not known.

Which validators a rule covers is here too: within an agreement the most specific rule takes a validator.
Bases are native units and may be negative; losses are set off in `payout.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aurora_assets.commission.agreement import AgreementVersion, Method, Rule
from aurora_assets.commission.attribution import Attribution, Holding
from aurora_assets.commission.facts import Revenue, Source
from aurora_assets.commission.findings import FindingCode
from aurora_resources.records import Component, FactState

# Components that reach no client's account of their own: execution fees, and MEV where it is pooled.
_ALLOCATED_WHEN_UNOBSERVED = frozenset({Component.EXEC_FEES, Component.MEV_TIPS})


@dataclass(frozen=True, slots=True)
class Base:
    """What one validator gives to a rule's base; `allocated` if by stake for want of an observation."""

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


def covered(agreement: AgreementVersion, rule: Rule, chain_id: str, known: Sequence[str]) -> list[str] | None:
    """Validators of a chain that a rule is responsible for, of those known in the period.

    None if the rule says nothing about this chain, or a rule of the same agreement for this very chain
    takes its place. A validator that the rule names together with its chain is covered even when the
    period knows nothing about it: that is a gap, not a zero.
    """
    if rule.chain_id not in (None, chain_id):
        return None
    if rule.validator_key is not None:
        expected = rule.chain_id is not None or rule.validator_key in known
        return [rule.validator_key] if expected else None
    rivals = [
        other
        for other in agreement.rules
        if other.component is rule.component
        and other.chain_id in (None, chain_id)
        and other.specificity > rule.specificity
    ]
    if any(other.validator_key is None for other in rivals):
        return None
    taken = {other.validator_key for other in rivals}
    return [key for key in known if key not in taken]


def find_base(attribution: Attribution, partner_id: str, rule: Rule, validator_key: str) -> Base | Gap | None:
    """The partner's base under a rule on one validator; None where the partner has no part in it."""
    key = (validator_key, rule.component)
    revenue = attribution.revenues.get(key) or Revenue(*key, None, FactState.MISSING)
    if rule.method is Method.FIXED_SHARE:
        return _base(revenue, revenue.amount)
    observed = attribution.observed.get(key)
    if rule.method is Method.CLIENT_REVENUE and (observed is not None or _is_observable(revenue)):
        return _by_client(attribution, partner_id, revenue, observed)
    return _by_stake(attribution, partner_id, revenue, allocated=rule.method is Method.CLIENT_REVENUE)


def _is_observable(revenue: Revenue) -> bool:
    # Where no commission was taken there is nothing to observe, and a zero has only one split.
    nothing_taken = revenue.component is Component.COMMISSION and revenue.amount == 0
    return revenue.component not in _ALLOCATED_WHEN_UNOBSERVED and not nothing_taken


def _by_stake(
    attribution: Attribution, partner_id: str, revenue: Revenue, *, allocated: bool
) -> Base | Gap | None:
    holders = attribution.stakes.get(revenue.validator_key, {})
    holding = holders.get(partner_id)
    if holding is None and (holders or revenue.amount == 0):
        return None
    if revenue.amount is None:
        return _base(revenue, None)
    parts = attribution.parts(revenue.validator_key, revenue.component)
    if parts is None or holding is None:
        message = (
            f"{revenue.component} of {revenue.validator_key} cannot be split: not every stake on it is known"
        )
        return Gap(revenue.validator_key, FindingCode.STAKE_UNKNOWN, f"{message}; load them and recompute")
    # A split of zero is no allocation: it says the same as an observation would.
    return _base(revenue, parts[partner_id], holding, allocated=allocated and revenue.amount != 0)


def _by_client(
    attribution: Attribution, partner_id: str, revenue: Revenue, observed: dict[str | None, Holding] | None
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
    return _base(revenue, holding.amount, holding)


def _base(
    revenue: Revenue, amount: int | None, holding: Holding | None = None, *, allocated: bool = False
) -> Base | Gap:
    if revenue.amount is None or amount is None:
        message = f"{revenue.component} of {revenue.validator_key} is missing; load it and recompute"
        return Gap(revenue.validator_key, FindingCode.FACT_MISSING, message)
    own = () if revenue.source is None else (revenue.source,)
    clients = sorted(holding.sources, key=str) if holding is not None else ()
    return Base(revenue.validator_key, amount, revenue.state, allocated, (*own, *clients))
