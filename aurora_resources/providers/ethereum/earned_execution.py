"""The canonical records of execution income: fees of blocks, and MEV, of which a block has one or the other.

Whose they are is decided by `ownership.py`; pooled income is dealt with in `pools.py`. Amounts are wei.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aurora_resources.config.chain_rules import Pool
from aurora_resources.providers.ethereum.block_income import BlockIncome
from aurora_resources.providers.ethereum.earned_blocks import earned_blocks
from aurora_resources.providers.ethereum.evidence import Evidence
from aurora_resources.providers.ethereum.execution_book import ExecutionResponses
from aurora_resources.providers.ethereum.findings import MISSED_PROPOSAL
from aurora_resources.providers.ethereum.ownership import Ownership, ownership
from aurora_resources.providers.ethereum.pools import pooled
from aurora_resources.providers.staged import answers
from aurora_resources.records import (
    FactState,
    Feed,
    Finding,
    Normalized,
    TrackedValidator,
    ValidatorFees,
    ValidatorMev,
)


@dataclass(frozen=True, slots=True)
class Income:
    """One validator's fees or MEV of a window; `amount` is None when it is not known."""

    amount: int | None
    state: FactState
    produced: int
    owner: Ownership
    findings: tuple[Finding, ...]

    @property
    def shares(self) -> tuple[int, int] | None:
        """The operator's and the client's part; None when the amount, or whose it is, is not known."""
        keeps = self.owner.operator_keeps_execution
        if self.amount is None or (keeps is None and self.amount):
            return None
        return (self.amount, 0) if keeps else (0, self.amount)


def fees_of(
    known: Evidence, validators: Sequence[TrackedValidator], books: Sequence[ExecutionResponses]
) -> Mapping[str, Income]:
    """Priority fees by validator: of the blocks whose fee recipient is ours. Raises PayloadError."""
    return _incomes(known, validators, books, lambda income: income.priority_fees, with_relays=False)


def mev_of(
    known: Evidence, validators: Sequence[TrackedValidator], books: Sequence[ExecutionResponses]
) -> Mapping[str, Income]:
    """MEV by validator: what builders paid, beyond fees that are ours anyway. Raises PayloadError."""
    return _incomes(known, validators, books, lambda income: income.mev, with_relays=True)


def every_book(known: Evidence) -> Sequence[ExecutionResponses]:
    """What each execution node answered, in the order of preference."""
    return [ExecutionResponses(answers(known.staged, Feed.FEES, name)) for name in known.providers.fees]


def normalize_fees(
    known: Evidence, provider: str, validators: Sequence[TrackedValidator]
) -> Normalized[ValidatorFees]:
    """One record a validator, as `provider` tells it. Raises PayloadError."""
    found = fees_of(known, validators, [ExecutionResponses(answers(known.staged, Feed.FEES, provider))])
    records = []
    for key, income in found.items():
        shares = income.shares
        if shares is None:
            records.append(ValidatorFees(key, provider, FactState.MISSING, None, None, None, income.produced))
        else:
            operator, client = shares
            gross = operator + client
            records.append(
                ValidatorFees(key, provider, income.state, gross, client, operator, income.produced)
            )
    return Normalized(tuple(records), _findings(found))


def normalize_mev(
    known: Evidence, provider: str, validators: Sequence[TrackedValidator]
) -> Normalized[ValidatorMev]:
    """One record a validator, of all relays together. Raises PayloadError."""
    found = mev_of(known, validators, every_book(known))
    records = []
    for key, income in found.items():
        shares = income.shares
        if shares is None:
            records.append(ValidatorMev(key, provider, FactState.MISSING, None, None, None, None, None))
        else:
            operator, client = shares
            records.append(
                ValidatorMev(key, provider, income.state, operator + client, 0, client, operator, None)
            )
    return Normalized(tuple(records), _findings(found))


def _incomes(
    known: Evidence,
    validators: Sequence[TrackedValidator],
    books: Sequence[ExecutionResponses],
    part: Callable[[BlockIncome], int],
    *,
    with_relays: bool,
) -> Mapping[str, Income]:
    found = {
        validator.validator_key: _income(known, validator, books, part, with_relays=with_relays)
        for validator in validators
    }
    groups = {
        income.owner.group.code: income.owner.group
        for income in found.values()
        if income.owner.group is not None and income.owner.group.pool is not Pool.NONE
    }
    for group in groups.values():
        members = {key: found[key] for key in group.validators if key in found}
        amounts = {key: income.amount for key, income in members.items()}
        shared = pooled(known, group, amounts, with_payouts=with_relays)
        # What an external pool pays is certain, whatever is known of blocks whose income went to it.
        certain = group.pool is Pool.EXTERNAL
        state = FactState.FINAL if certain else _least_sure([income.state for income in members.values()])
        for key, income in members.items():
            found[key] = replace(
                income,
                amount=shared.amounts.get(key),
                state=state if shared.amounts else FactState.MISSING,
                findings=(*income.findings, *shared.findings_of(key)),
            )
    return found


def _income(
    known: Evidence,
    validator: TrackedValidator,
    books: Sequence[ExecutionResponses],
    part: Callable[[BlockIncome], int],
    *,
    with_relays: bool,
) -> Income:
    key = validator.validator_key
    state = known.states.get(key)
    owner = ownership(
        known.rules, validator, None if state is None else state.withdrawal_address, known.window.period_id
    )
    earned = earned_blocks(known, key, books, with_relays=with_relays)
    findings = [*earned.gaps, *(earned.findings if with_relays else _of_fees(earned.findings))]
    if earned.gaps:
        return Income(None, FactState.MISSING, earned.produced, owner, tuple(findings))
    amount = sum(part(income) for income in earned.incomes)
    if amount and owner.finding is not None:
        findings.append(owner.finding)
    sure = _least_sure([income.state for income in earned.incomes]) if with_relays else FactState.FINAL
    return Income(amount, sure, earned.produced, owner, tuple(findings))


def _of_fees(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Without relays a decision knows nothing of payments: only what was said about slots is right."""
    return [finding for finding in findings if finding.code == MISSED_PROPOSAL]


def _least_sure(states: Sequence[FactState]) -> FactState:
    order = (FactState.MISSING, FactState.PROVISIONAL)
    return next((state for state in order if state in states), FactState.FINAL)


def _findings(found: Mapping[str, Income]) -> tuple[Finding, ...]:
    return tuple(finding for income in found.values() for finding in income.findings)
