"""Execution income of a window: fees and MEV of each validator's blocks, pooled income, and the records.

`block_income.py` decides about one block; here its evidence is put together, and every gap is named: a slot
whose proposer, block or receipts are not known, a relay that did not answer. `ownership.py` says whose the
income is. Income that a group pools is booked once, either where it was earned or where it was paid out: a
shared pool gives each member its part by effective balance and epochs, exactly; blocks of an external pool
earn the group nothing, and what the pool paid out is declared and divided in the same way. Amounts are wei.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aurora_resources.config.chain_rules import Group, Pool
from aurora_resources.providers.ethereum.block_income import (
    BlockEvidence,
    BlockIncome,
    corrected_change,
    decide,
    not_canonical,
    transfers,
)
from aurora_resources.providers.ethereum.evidence import Evidence, Proposal
from aurora_resources.providers.ethereum.execution import ExecutionResponses, priority_fees
from aurora_resources.providers.ethereum.findings import (
    BLOCKS_UNKNOWN,
    FEE_RECIPIENTS_UNDECLARED,
    MISSED_PROPOSAL,
    POOL_INCOMPLETE,
    POOL_PAYOUT_UNDECLARED,
    POOLED,
    RELAY_SILENT,
    wei,
)
from aurora_resources.providers.ethereum.ownership import Ownership, ownership
from aurora_resources.providers.ethereum.weights import active_stake
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
from aurora_resources.units import split_exactly


@dataclass(slots=True)
class ValidatorBlocks:
    """A validator's blocks: their incomes, and what is not known about them. `gaps` leave no amount."""

    incomes: list[BlockIncome] = field(default_factory=list)
    gaps: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    produced: int = 0


def blocks_of(
    evidence: Evidence, validator_key: str, all_responses: Sequence[ExecutionResponses], *, with_relays: bool
) -> ValidatorBlocks:
    """The income of each of the validator's slots. Without relays only the fees in it are right.

    Raises PayloadError.
    """
    blocks = ValidatorBlocks(gaps=list(_unknown_slots(evidence, validator_key)))
    expected = evidence.rules.recipients_in(evidence.window.period_id)
    for proposal in evidence.proposals_of(validator_key):
        if with_relays and (silent := evidence.silent_relays(proposal.slot)):
            blocks.gaps.append(
                _gap(
                    RELAY_SILENT,
                    proposal,
                    f"{', '.join(silent)} did not answer, and may have delivered its block; ask again",
                )
            )
            continue
        if proposal.header is None:
            _without_block(evidence, proposal, blocks, with_relays=with_relays)
            continue
        blocks.produced += 1
        if proposal.block is not None and proposal.block.payload is None:
            continue  # before the Merge a block has no execution layer to earn in
        if not expected:
            problem = "declare the fee_recipients of chains.yaml, so that it is known whose its fees are"
            blocks.gaps.append(_gap(FEE_RECIPIENTS_UNDECLARED, proposal, problem))
            continue
        shown = block_evidence(proposal, all_responses)
        if shown is None:
            problem = "its block, receipts or payload are not staged; ask for stakes and fees again"
            blocks.gaps.append(_gap(BLOCKS_UNKNOWN, proposal, problem))
            continue
        claims = evidence.claims.get(shown.block_hash) if with_relays else None
        blocks.incomes.append(decide(shown, claims, expected))
    for income in blocks.incomes:
        blocks.findings += income.findings
    return blocks


def block_evidence(proposal: Proposal, all_responses: Sequence[ExecutionResponses]) -> BlockEvidence | None:
    """What the first of the nodes that has the whole block shows of it; None when none has it."""
    inside = None if proposal.block is None else proposal.block.payload
    if inside is None:
        return None
    for responses in all_responses:
        found = responses.block(inside)
        if found is None:
            continue
        block, receipts = found
        changes = {
            address: corrected_change(address, before, after, block, receipts)
            for address, (before, after) in responses.changes(block.number).items()
        }
        return BlockEvidence(
            validator_key=proposal.validator_key,
            slot=proposal.slot,
            block_hash=block.hash,
            fee_recipient=block.miner,
            fees=priority_fees(block, receipts),
            transfers=transfers(block, receipts),
            balance_changes=changes,
        )
    return None


def _unknown_slots(evidence: Evidence, validator_key: str) -> Iterator[Finding]:
    if evidence.at_end is None or evidence.at_start is None:
        yield Finding(
            BLOCKS_UNKNOWN,
            "the node's states of the window's ends are not staged, so that its slots are not known; ask for "
            "stakes again",
            validator_key,
        )
    elif validator_key not in evidence.states:
        yield evidence.absence(validator_key)
    elif epochs := evidence.unknown_duties:
        yield Finding(
            BLOCKS_UNKNOWN,
            f"the proposers of {len(epochs)} of {len(evidence.window.epochs)} epochs are not staged, the "
            f"first is {epochs[0]}; ask for stakes again",
            validator_key,
        )


def _without_block(
    evidence: Evidence, proposal: Proposal, blocks: ValidatorBlocks, *, with_relays: bool
) -> None:
    if not proposal.is_empty:
        problem = "neither its block nor a proof that there is none is staged; ask for stakes again"
        blocks.gaps.append(_gap(BLOCKS_UNKNOWN, proposal, problem))
        return
    if not with_relays:
        blocks.findings.append(
            _gap(MISSED_PROPOSAL, proposal, "it was to propose and no block of it is on the chain")
        )
        return
    claims = {found.block_hash: found for found in evidence.claims_at.get(proposal.slot, ())}
    blocks.incomes.append(not_canonical(proposal.validator_key, proposal.slot, claims))


def _gap(code: str, proposal: Proposal, problem: str) -> Finding:
    return Finding(code, f"slot {proposal.slot}: {problem}", proposal.validator_key)


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
    evidence: Evidence, validators: Sequence[TrackedValidator], all_responses: Sequence[ExecutionResponses]
) -> Mapping[str, Income]:
    """Priority fees by validator: of the blocks whose fee recipient is ours. Raises PayloadError."""
    return _incomes(
        evidence, validators, all_responses, lambda income: income.priority_fees, with_relays=False
    )


def mev_of(
    evidence: Evidence, validators: Sequence[TrackedValidator], all_responses: Sequence[ExecutionResponses]
) -> Mapping[str, Income]:
    """MEV by validator: what builders paid, beyond fees that are ours anyway. Raises PayloadError."""
    return _incomes(evidence, validators, all_responses, lambda income: income.mev, with_relays=True)


def execution_responses(evidence: Evidence) -> Sequence[ExecutionResponses]:
    """What each execution node answered, in the order of preference."""
    return [ExecutionResponses(answers(evidence.staged, Feed.FEES, name)) for name in evidence.providers.fees]


def normalize_fees(
    evidence: Evidence, provider: str, validators: Sequence[TrackedValidator]
) -> Normalized[ValidatorFees]:
    """One record a validator, as `provider` tells it. Raises PayloadError."""
    found = fees_of(evidence, validators, [ExecutionResponses(answers(evidence.staged, Feed.FEES, provider))])
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
    evidence: Evidence, provider: str, validators: Sequence[TrackedValidator]
) -> Normalized[ValidatorMev]:
    """One record a validator, of all relays together. Raises PayloadError."""
    found = mev_of(evidence, validators, execution_responses(evidence))
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
    evidence: Evidence,
    validators: Sequence[TrackedValidator],
    all_responses: Sequence[ExecutionResponses],
    part: Callable[[BlockIncome], int],
    *,
    with_relays: bool,
) -> Mapping[str, Income]:
    found = {
        validator.validator_key: _income(evidence, validator, all_responses, part, with_relays=with_relays)
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
        shared = pooled(evidence, group, amounts, with_payouts=with_relays)
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
    evidence: Evidence,
    validator: TrackedValidator,
    all_responses: Sequence[ExecutionResponses],
    part: Callable[[BlockIncome], int],
    *,
    with_relays: bool,
) -> Income:
    key = validator.validator_key
    state = evidence.states.get(key)
    owner = ownership(
        evidence.rules,
        validator,
        None if state is None else state.withdrawal_address,
        evidence.window.period_id,
    )
    blocks = blocks_of(evidence, key, all_responses, with_relays=with_relays)
    findings = [*blocks.gaps, *(blocks.findings if with_relays else _of_fees(blocks.findings))]
    if blocks.gaps:
        return Income(None, FactState.MISSING, blocks.produced, owner, tuple(findings))
    amount = sum(part(income) for income in blocks.incomes)
    if amount and owner.finding is not None:
        findings.append(owner.finding)
    sure = _least_sure([income.state for income in blocks.incomes]) if with_relays else FactState.FINAL
    return Income(amount, sure, blocks.produced, owner, tuple(findings))


def _of_fees(findings: Sequence[Finding]) -> Sequence[Finding]:
    """Without relays a decision knows nothing of payments: only what was said about slots is right."""
    return [finding for finding in findings if finding.code == MISSED_PROPOSAL]


def _least_sure(states: Sequence[FactState]) -> FactState:
    order = (FactState.MISSING, FactState.PROVISIONAL)
    return next((state for state in order if state in states), FactState.FINAL)


def _findings(found: Mapping[str, Income]) -> tuple[Finding, ...]:
    return tuple(finding for income in found.values() for finding in income.findings)


@dataclass(frozen=True, slots=True)
class Shared:
    """What each member of a group is given, in wei; no amounts when something of it is not known."""

    amounts: Mapping[str, int] = field(default_factory=dict)
    code: str | None = None
    message: str = ""

    def findings_of(self, validator_key: str) -> tuple[Finding, ...]:
        """What is to be said of one member."""
        return () if self.code is None else (Finding(self.code, self.message, validator_key),)


def pooled(
    evidence: Evidence, group: Group, incomes: Mapping[str, int | None], *, with_payouts: bool
) -> Shared:
    """Divide what the group's members earned, or (`with_payouts`) what their external pool paid them."""
    period_id = evidence.window.period_id
    amounts = [amount for amount in incomes.values() if amount is not None]
    if group.pool is Pool.EXTERNAL:
        total = sum(amounts)
        message = f"{wei(total)} of its group's blocks went to the pool of {group.code}" if total else ""
        if not with_payouts:
            return Shared(dict.fromkeys(incomes, 0), POOLED if message else None, message)
        paid = next((entry.amount for entry in group.pool_payouts if entry.period == period_id), None)
        if paid is None:
            return Shared(
                code=POOL_PAYOUT_UNDECLARED,
                message=f"what the pool of {group.code} paid for period {period_id} is not declared; add it "
                "to pool_payouts, or 0 if it paid nothing",
            )
        return _divided(evidence, group, paid, incomes, POOLED if message else None, message)
    if len(amounts) < len(incomes):
        return Shared(
            code=POOL_INCOMPLETE,
            message=f"the income of another member of {group.code} is not known, so that it cannot be shared",
        )
    return _divided(evidence, group, sum(amounts), incomes, None, "")


def _divided(
    evidence: Evidence,
    group: Group,
    total: int,
    members: Mapping[str, int | None],
    code: str | None,
    message: str,
) -> Shared:
    stakes = {key: active_stake(evidence.states_by_epoch, key, evidence.window) for key in members}
    weights = {key: stake for key, stake in stakes.items() if stake is not None}
    if total and (len(weights) < len(members) or not any(weights.values())):
        return Shared(
            code=POOL_INCOMPLETE,
            message=f"the stake of a member of {group.code} is not known: {wei(total)} cannot be shared",
        )
    shares = split_exactly(total, weights) if total else dict.fromkeys(members, 0)
    return Shared(shares, code, message)
