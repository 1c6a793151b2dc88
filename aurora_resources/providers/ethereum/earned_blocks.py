"""What each validator's blocks of a window earned in the execution layer, before it is known whose that is.

The decision about one block is in `decisions.py`; here evidence is put together for it, and every gap in it
is named: a slot whose proposer, block or receipts are not known, a relay that did not answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aurora_resources.providers.ethereum.block_income import (
    BlockEvidence,
    BlockIncome,
    not_canonical,
)
from aurora_resources.providers.ethereum.decisions import decide
from aurora_resources.providers.ethereum.evidence import Evidence, Proposal
from aurora_resources.providers.ethereum.execution_answers import priority_fees
from aurora_resources.providers.ethereum.execution_book import ExecutionResponses
from aurora_resources.providers.ethereum.findings import (
    BLOCKS_UNKNOWN,
    FEE_RECIPIENTS_UNDECLARED,
    MISSED_PROPOSAL,
    RELAY_SILENT,
)
from aurora_resources.providers.ethereum.payments import corrected_change, transfers
from aurora_resources.records import Finding


@dataclass(slots=True)
class Earned:
    """A validator's blocks: their incomes, and what is not known about them. `gaps` leave no amount."""

    incomes: list[BlockIncome] = field(default_factory=list)
    gaps: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    produced: int = 0


def earned_blocks(
    known: Evidence, validator_key: str, books: Sequence[ExecutionResponses], *, with_relays: bool
) -> Earned:
    """The income of each of the validator's slots. Without relays only the fees in it are right.

    Raises PayloadError.
    """
    earned = Earned(gaps=list(_unknown_slots(known, validator_key)))
    expected = known.rules.recipients_in(known.window.period_id)
    for proposal in known.proposals_of(validator_key):
        if with_relays and (silent := known.silent_relays(proposal.slot)):
            earned.gaps.append(
                _gap(
                    RELAY_SILENT,
                    proposal,
                    f"{', '.join(silent)} did not answer, and may have delivered its block; ask again",
                )
            )
            continue
        if proposal.header is None:
            _without_block(known, proposal, earned, with_relays=with_relays)
            continue
        earned.produced += 1
        if proposal.block is not None and proposal.block.payload is None:
            continue  # before the Merge a block has no execution layer to earn in
        if not expected:
            problem = "declare the fee_recipients of chains.yaml, so that it is known whose its fees are"
            earned.gaps.append(_gap(FEE_RECIPIENTS_UNDECLARED, proposal, problem))
            continue
        evidence = block_evidence(proposal, books)
        if evidence is None:
            problem = "its block, receipts or payload are not staged; ask for stakes and fees again"
            earned.gaps.append(_gap(BLOCKS_UNKNOWN, proposal, problem))
            continue
        claims = known.claims.get(evidence.block_hash) if with_relays else None
        earned.incomes.append(decide(evidence, claims, expected))
    for income in earned.incomes:
        earned.findings += income.findings
    return earned


def block_evidence(proposal: Proposal, books: Sequence[ExecutionResponses]) -> BlockEvidence | None:
    """What the first of the nodes that has the whole block shows of it; None when none has it."""
    inside = None if proposal.block is None else proposal.block.payload
    if inside is None:
        return None
    for book in books:
        found = book.block(inside)
        if found is None:
            continue
        block, receipts = found
        changes = {
            address: corrected_change(address, before, after, block, receipts)
            for address, (before, after) in book.changes(block.number).items()
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


def _unknown_slots(known: Evidence, validator_key: str) -> Iterator[Finding]:
    if known.at_end is None or known.at_start is None:
        yield Finding(
            BLOCKS_UNKNOWN,
            "the node's states of the window's ends are not staged, so that its slots are not known; ask for "
            "stakes again",
            validator_key,
        )
    elif validator_key not in known.states:
        yield known.absence(validator_key)
    elif epochs := known.unknown_duties:
        yield Finding(
            BLOCKS_UNKNOWN,
            f"the proposers of {len(epochs)} of {len(known.window.epochs)} epochs are not staged, the first "
            f"is {epochs[0]}; ask for stakes again",
            validator_key,
        )


def _without_block(known: Evidence, proposal: Proposal, earned: Earned, *, with_relays: bool) -> None:
    if not proposal.is_empty:
        problem = "neither its block nor a proof that there is none is staged; ask for stakes again"
        earned.gaps.append(_gap(BLOCKS_UNKNOWN, proposal, problem))
        return
    if not with_relays:
        earned.findings.append(
            _gap(MISSED_PROPOSAL, proposal, "it was to propose and no block of it is on the chain")
        )
        return
    claims = {found.block_hash: found for found in known.claims_at.get(proposal.slot, ())}
    earned.incomes.append(not_canonical(proposal.validator_key, proposal.slot, claims))


def _gap(code: str, proposal: Proposal, problem: str) -> Finding:
    return Finding(code, f"slot {proposal.slot}: {problem}", proposal.validator_key)
