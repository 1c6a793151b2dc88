"""A commission line: what one rule pays on one validator in one period, with all that explains it.

Its id depends on what it is about and not on its amount, so that recomputing gives the same ids and
whatever refers to a line still finds it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from aurora_assets.commission.agreement import AgreementVersion, Method, Rule, RuleKey
from aurora_assets.commission.facts import Source
from aurora_assets.commission.methods.protocol import Base
from aurora_assets.commission.payout import Payout, RuleTrace
from aurora_resources.records import Component, FactState
from aurora_resources.units import split_exactly

# Raised when the same facts and agreements give other amounts than before.
ENGINE_VERSION: Final = "1"

# Never to be changed: every line id ever published hangs from it.
LINE_NAMESPACE: Final = UUID("8f1c7a52-5d1e-4c0b-9a63-2f0e7b1d4c96")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a statement. Amounts in native units.

    `validator_key` is None for what a guarantee adds beside the validators. `base` is the partner's signed
    base on this validator, `claimed` the amount before the revenue guard, `amount` what is owed;
    `scaled` if the guard made the two differ. `trace` explains the rule's total over all its lines.
    `state` is PROVISIONAL if any base of the rule is, since they share one total. `sources` are the rows
    this came from.
    """

    line_id: UUID
    agreement_id: str
    version: int
    rule_id: str
    partner_id: str
    chain_id: str
    period_id: int
    validator_key: str | None
    component: Component
    method: Method
    base: int
    trace: RuleTrace
    claimed: int
    amount: int
    scaled: bool
    allocated: bool
    state: FactState
    sources: tuple[Source, ...]
    engine_version: str = ENGINE_VERSION

    @property
    def rule_key(self) -> RuleKey:
        """The rule and chain this line belongs to."""
        return RuleKey(self.agreement_id, self.rule_id, self.chain_id)

    @property
    def sort_key(self) -> tuple[str, str, str, str]:
        """Orders lines by partner, agreement, rule, and validator; a guarantee comes first."""
        return (self.partner_id, self.agreement_id, self.rule_id, self.validator_key or "")


def line_id(
    agreement_id: str, version: int, rule_id: str, chain_id: str, period_id: int, validator_key: str | None
) -> UUID:
    """UUIDv5 of the six as a JSON list, the same on every computation."""
    return _id_under(_encode_rule(agreement_id, version, rule_id, chain_id, period_id), validator_key)


def _encode_rule(agreement_id: str, version: int, rule_id: str, chain_id: str, period_id: int) -> str:
    return json.dumps([agreement_id, version, rule_id, chain_id, period_id])


def _id_under(rule_json: str, validator_key: str | None) -> UUID:
    # As JSON the parts cannot run into each other, and no validator differs from one named "null". The
    # first five are shared by all lines of a rule, so that they are encoded once and not per line.
    return uuid5(LINE_NAMESPACE, f"{rule_json[:-1]}, {json.dumps(validator_key)}]")


def write_lines(
    agreement: AgreementVersion,
    rule: Rule,
    chain_id: str,
    period_id: int,
    bases: Mapping[str, Base],
    payout: Payout,
) -> Iterator[Line]:
    """Split a rule's total over its validators by their positive bases.

    One line for each base, zero or not, and one without validator for what a guarantee adds.
    """
    state = FactState.FINAL
    if any(base.state is FactState.PROVISIONAL for base in bases.values()):
        state = FactState.PROVISIONAL
    amounts = split_exactly(payout.total, {key: max(0, base.amount) for key, base in bases.items()})

    rule_json = _encode_rule(agreement.agreement_id, agreement.version, rule.rule_id, chain_id, period_id)

    def line(validator_key: str | None, base: Base | None, amount: int) -> Line:
        return Line(
            line_id=_id_under(rule_json, validator_key),
            agreement_id=agreement.agreement_id,
            version=agreement.version,
            rule_id=rule.rule_id,
            partner_id=agreement.partner_id,
            chain_id=chain_id,
            period_id=period_id,
            validator_key=validator_key,
            component=rule.component,
            method=rule.method,
            base=base.amount if base is not None else 0,
            trace=payout.trace,
            claimed=amount,
            amount=amount,
            scaled=False,
            allocated=base is not None and base.allocated,
            state=state,
            sources=base.sources if base is not None else (),
        )

    for key in sorted(bases):
        yield line(key, bases[key], amounts[key])
    if payout.guarantee > 0:
        yield line(None, None, payout.guarantee)
