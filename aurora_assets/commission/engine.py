"""The engine answers one question: what all agreements together pay for one period of one chain.

It takes facts, agreements, wallets and histories, and runs the steps in order: version, ownership, base,
sum, rate, floor, cap, split, guard, totals. Each step is a module of its own; overrides come after.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aurora_assets.commission.activation import find_faults
from aurora_assets.commission.agreement import (
    AgreementVersion,
    LossPolicy,
    Rule,
    RuleKey,
    TierMetric,
    WalletClaim,
    covered,
    in_force,
)
from aurora_assets.commission.attribution import Attribution, owners_at
from aurora_assets.commission.facts import PeriodFacts, Revenue
from aurora_assets.commission.findings import Finding, FindingCode
from aurora_assets.commission.guard import GuardPolicy, apply_guard
from aurora_assets.commission.history import (
    NO_HISTORY,
    RuleState,
    invalidate,
    open_history,
    window_of,
)
from aurora_assets.commission.lines import Line, write_lines
from aurora_assets.commission.methods.protocol import Base, Gap
from aurora_assets.commission.methods.registry import METHODS
from aurora_assets.commission.payout import Payout, calculate_payout
from aurora_resources.records import FactState
from aurora_resources.units import BPS


@dataclass(frozen=True, slots=True)
class StatementTotal:
    """What a partner is owed for the period so far, native units; `complete` if nothing blocks release."""

    amount: int
    line_count: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Computation:
    """The result for one period. Lines and findings are in a fixed order, whatever the order of the input.

    `totals` has every partner with an agreement in force. `history` is the given one, brought forward.
    `unresolved` are the rules that have no amount because something they need is not known.
    """

    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    totals: Mapping[str, StatementTotal]
    history: Mapping[RuleKey, RuleState]
    unresolved: frozenset[RuleKey]


def compute(
    facts: PeriodFacts,
    agreements: Iterable[AgreementVersion],
    claims: Iterable[WalletClaim],
    *,
    history: Mapping[RuleKey, RuleState],
    guard: GuardPolicy = GuardPolicy.BLOCK,
    guard_limit_bps: int = BPS,
) -> Computation:
    """Compute all commission lines of one period.

    `history` holds what each rule remembers from the periods before; a rule not in it starts anew. What is
    wrong or unknown becomes a finding, and pays nothing. Raises AgreementError for an agreement version
    given twice, and ValueError for a guard limit outside 0..10,000 bps.
    """
    paying = in_force(agreements, facts.starts_at)
    owners, findings = owners_at(claims, facts.chain_id, facts.starts_at)
    period = _Period(facts, Attribution(facts, owners), dict(history), findings)
    for agreement in paying:
        period.add_agreement(agreement)
    lines, guard_findings = apply_guard(period.lines, period.attribution.revenues, guard, guard_limit_bps)
    findings.extend(guard_findings)
    return Computation(
        lines=tuple(sorted(lines, key=lambda line: line.sort_key)),
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        totals=_totals({agreement.partner_id for agreement in paying}, lines, findings),
        history=period.history,
        unresolved=frozenset(period.unresolved),
    )


def _totals(
    partners: set[str], lines: Iterable[Line], findings: Iterable[Finding]
) -> Mapping[str, StatementTotal]:
    blocked = {finding.partner_id for finding in findings if finding.blocks_release}
    amounts: dict[str, list[int]] = {partner_id: [] for partner_id in sorted(partners)}
    for line in lines:
        amounts[line.partner_id].append(line.amount)
    return {
        partner_id: StatementTotal(sum(own), len(own), not blocked & {None, partner_id})
        for partner_id, own in amounts.items()
    }


class _Period:
    """The computation of one period while it runs: what is given, and what has been found so far."""

    def __init__(
        self,
        facts: PeriodFacts,
        attribution: Attribution,
        history: dict[RuleKey, RuleState],
        findings: list[Finding],
    ) -> None:
        self.facts = facts
        self.attribution = attribution
        self.history = history
        self.findings = findings
        self.lines: list[Line] = []
        self.unresolved: set[RuleKey] = set()

    def add_agreement(self, agreement: AgreementVersion) -> None:
        """Pay every rule of an agreement in force, each on the original component."""
        faults = find_faults(agreement)
        if faults:
            self._find(agreement, None, FindingCode.AGREEMENT_INVALID, f"{'; '.join(faults)}")
        for rule in sorted(agreement.rules, key=lambda rule: (rule.order, rule.rule_id)):
            validators = covered(agreement, rule, self.facts.chain_id, self.attribution.validators)
            if validators is None:
                continue
            key = RuleKey(agreement.agreement_id, rule.rule_id, self.facts.chain_id)
            window = window_of(rule.scope, self.facts.ends_at)
            opened = open_history(rule, self.history.get(key, NO_HISTORY), window)
            payout = None if faults else self._pay(agreement, rule, validators, opened)
            if payout is None:
                self.unresolved.add(key)
            self.history[key] = payout.history if payout is not None else invalidate(rule, opened)

    def _pay(
        self, agreement: AgreementVersion, rule: Rule, validators: list[str], opened: RuleState
    ) -> Payout | None:
        partner_id = agreement.partner_id
        method, revenues = METHODS[rule.method], self.attribution.revenues
        pairs = [(key, rule.component) for key in validators]
        found = [
            method.find_base(
                self.attribution,
                partner_id,
                revenues.get(pair) or Revenue(*pair, None, FactState.MISSING),
            )
            for pair in pairs
        ]
        gaps = [item for item in found if isinstance(item, Gap)]
        for gap in gaps:
            self._find(agreement, rule, gap.code, gap.message, gap.validator_key)
        stake = None
        if rule.tiers is not None and rule.tiers.metric is TierMetric.STAKE:
            stake = self.attribution.stake_of(partner_id, rule.component, validators)
            if stake is None:
                message = f"the stake of {partner_id} is not known; load it and recompute"
                self._find(agreement, rule, FindingCode.STAKE_UNKNOWN, message)
                return None
        base_before, loss_before = opened.base_to_date, opened.loss_carried
        if base_before is None or loss_before is None:
            message = "an earlier period that this one builds on has no amount; recompute that one first"
            self._find(agreement, rule, FindingCode.HISTORY_UNKNOWN, message)
            return None
        if gaps:
            return None
        bases = {item.validator_key: item for item in found if isinstance(item, Base)}
        payout = calculate_payout(
            rule,
            [base.amount for base in bases.values()],
            stake,
            base_before=base_before,
            loss_before=loss_before,
            window=opened.window,
        )
        self.lines.extend(
            write_lines(agreement, rule, self.facts.chain_id, self.facts.period_id, bases, payout)
        )
        self._report(agreement, rule, bases, payout)
        return payout

    def _report(
        self, agreement: AgreementVersion, rule: Rule, bases: Mapping[str, Base], payout: Payout
    ) -> None:
        for key, base in bases.items():
            if base.state is FactState.PROVISIONAL:
                message = f"{rule.component} of {key} is provisional and may still change"
                self._find(agreement, rule, FindingCode.FACT_PROVISIONAL, message, key)
            if base.amount < 0:
                carried = rule.loss_policy is LossPolicy.CARRY
                fate = "carried against later bases" if carried else "dropped, as agreed"
                message = f"the base on {key} is {base.amount}: the loss is {fate}"
                self._find(agreement, rule, FindingCode.NEGATIVE_BASE, message, key)
        if payout.guarantee > 0:
            message = f"{payout.guarantee} is paid beside the revenue, up to the guaranteed {rule.floor}"
            self._find(agreement, rule, FindingCode.GUARANTEE_PAID, message)

    def _find(
        self,
        agreement: AgreementVersion,
        rule: Rule | None,
        code: FindingCode,
        message: str,
        validator_key: str | None = None,
    ) -> None:
        where = f"agreement {agreement.agreement_id} v{agreement.version}"
        self.findings.append(
            Finding(
                code=code,
                message=f"{where}: {message}" if rule is None else f"{where} rule {rule.rule_id}: {message}",
                partner_id=agreement.partner_id,
                agreement_id=agreement.agreement_id,
                rule_id=rule.rule_id if rule is not None else None,
                validator_key=validator_key,
                component=rule.component if rule is not None else None,
            )
        )
