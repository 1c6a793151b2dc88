"""Whether an agreement version can be put in force: every fault in it, each with its remedy.

Asked when a version is activated, and again by the engine, which pays nothing on a version with a fault.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise

from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    Rule,
    TierMode,
    TierSchedule,
)
from aurora_resources.errors import AgreementError
from aurora_resources.units import BPS


def validate(agreement: AgreementVersion) -> None:
    """Raise AgreementError naming the agreement, the rules, and what to do, if there is any fault."""
    faults = find_faults(agreement)
    if faults:
        raise AgreementError(f"agreement {agreement.agreement_id} v{agreement.version}: {'; '.join(faults)}")


def find_faults(agreement: AgreementVersion) -> tuple[str, ...]:
    """Every fault of the version as a sentence; empty if it can be put in force."""
    return (*_identities(agreement), *_each_rule(agreement), *_overlaps(agreement))


def refuse_conflicts(agreements: Iterable[AgreementVersion]) -> None:
    """Raise AgreementError when two ACTIVE agreements of a partner would both pay on the same thing.

    `agreements` are the newest versions. Within one agreement the most specific rule wins; between two of
    them nothing says which, so both would pay.
    """
    active = [agreement for agreement in agreements if agreement.status is AgreementStatus.ACTIVE]
    conflicts = [
        f"agreements {one.agreement_id} (rule {first.rule_id}) and {other.agreement_id} (rule "
        f"{second.rule_id}) of {one.partner_id} both pay on {first.component} at the same time"
        for one, other in combinations(sorted(active, key=lambda version: version.agreement_id), 2)
        if one.partner_id == other.partner_id and _same_time(one, other)
        for first in one.rules
        for second in other.rules
        if first.component is second.component and _meet(first, second)
    ]
    if conflicts:
        raise AgreementError(
            f"{'; '.join(conflicts)}: put the rules into one agreement, or end one before the other begins"
        )


def _same_time(one: AgreementVersion, other: AgreementVersion) -> bool:
    return (other.valid_until is None or one.valid_from < other.valid_until) and (
        one.valid_until is None or other.valid_from < one.valid_until
    )


def _meet(first: Rule, second: Rule) -> bool:
    """Whether some validator on some chain is covered by both."""
    chains = first.chain_id == second.chain_id or None in (first.chain_id, second.chain_id)
    validators = first.validator_key == second.validator_key
    return chains and (validators or None in (first.validator_key, second.validator_key))


def _identities(agreement: AgreementVersion) -> Iterator[str]:
    if not agreement.rules:
        yield "it has no rule: add one"
    for rule_id, count in sorted(Counter(rule.rule_id for rule in agreement.rules).items()):
        if count > 1:
            yield f"rule id {rule_id} is used {count} times: give each rule its own"


def _each_rule(agreement: AgreementVersion) -> Iterator[str]:
    for rule in agreement.rules:
        for fault in (*_rate(rule), *_bounds(rule)):
            yield f"rule {rule.rule_id}: {fault}"


def _rate(rule: Rule) -> Iterator[str]:
    if (rule.rate_bps is None) == (rule.tiers is None):
        yield "it needs either a rate or tiers: give exactly one"
    if rule.rate_bps is not None and not _is_rate(rule.rate_bps):
        yield f"its rate is {rule.rate_bps!r} bps: give a whole number from 0 to {BPS}"
    if rule.tiers is not None:
        yield from _tiers(rule.tiers)


def _tiers(schedule: TierSchedule) -> Iterator[str]:
    tiers = schedule.tiers
    if not tiers or tiers[-1].upper is not None:
        yield "its last tier is not open: leave the upper threshold of the last tier empty"
    thresholds = [0, *(tier.upper for tier in tiers[:-1])]
    whole = [upper for upper in thresholds if type(upper) is int]
    if len(whole) < len(thresholds) or any(later <= earlier for earlier, later in pairwise(whole)):
        yield "its thresholds do not ascend from zero: give whole native units, each above the one before"
    if not all(_is_rate(tier.rate_bps) for tier in tiers):
        yield f"a tier's rate is no whole number of bps from 0 to {BPS}: mend it"
    elif schedule.mode is TierMode.CLIFF and any(b.rate_bps < a.rate_bps for a, b in pairwise(tiers)):
        # One unit more of base would pay less: such a cliff is never what was meant.
        yield "a CLIFF falls from one tier to the next: let its rates ascend or use MARGINAL"


def _bounds(rule: Rule) -> Iterator[str]:
    amounts = {"floor": rule.floor, "cap": rule.cap}
    bad = [name for name, amount in amounts.items() if amount is not None and not _is_amount(amount)]
    for name in bad:
        yield f"its {name} is {amounts[name]!r}: give whole native units, zero or more"
    if not bad and rule.floor is not None and rule.cap is not None and rule.floor > rule.cap:
        yield f"its floor {rule.floor} is above its cap {rule.cap}: lower the floor or raise the cap"
    if rule.guarantee and rule.floor is None:
        yield "it guarantees nothing: give the guaranteed amount as floor"
    has_amounts = rule.tiers is not None or rule.floor is not None or rule.cap is not None
    if has_amounts and rule.chain_id is None and rule.validator_key is None:
        # A floor of 500,000,000 is half a coin of nine decimals and next to nothing of one with eighteen.
        yield "its floor, cap or thresholds are amounts of no particular chain: name the chain"


def _overlaps(agreement: AgreementVersion) -> Iterator[str]:
    for first, second in combinations(agreement.rules, 2):
        if first.component is second.component and _equally_specific(first, second):
            yield (
                f"rules {first.rule_id} and {second.rule_id} are equally specific for {first.component}: "
                "narrow one of them by chain or validator, or remove it"
            )


def _equally_specific(first: Rule, second: Rule) -> bool:
    if first.specificity != second.specificity or first.validator_key != second.validator_key:
        return False
    return first.chain_id == second.chain_id or None in (first.chain_id, second.chain_id)


def _is_rate(rate: int) -> bool:
    return type(rate) is int and 0 <= rate <= BPS


def _is_amount(amount: int) -> bool:
    return type(amount) is int and amount >= 0
