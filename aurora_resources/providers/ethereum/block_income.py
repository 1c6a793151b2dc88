"""What a validator earned in the execution layer by one block: its fees, or a builder's payment, never both.

The five cases, with F the block's fee recipient, OURS the addresses where income is expected, and a hit a
relay's row of the block's hash:

    A  F in OURS, no hit   built locally: the block's fees
    B  F elsewhere, hit    the builder keeps the fees and pays: the payment
    C  F in OURS, hit      the relay's value, which already contains the fees
    D  F elsewhere, no hit the last transaction of F to OURS, else nothing and an incident
    E  not on the chain    nothing, whatever a relay says (`not_canonical`)

A relay's value is booked as far as it was paid; without any evidence it is provisional. The payment is looked
for in the block's transactions, receipts and balances. Value moves in three ways: by a transaction to the
recipient (the usual one, at the end of the block), by a call inside another transaction, and by fees credited
to the recipient itself. The last two show in the balance alone, which is corrected for what has nothing to do
with the block's income. Pure functions; amounts are wei.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum

from aurora_resources.providers.ethereum.execution import ExecutionBlock, Receipt
from aurora_resources.providers.ethereum.findings import (
    FEE_RECIPIENT_MISMATCH,
    FEE_RECIPIENTS_UNDECLARED,
    PAYMENT_BELOW_FEES,
    PAYMENT_DIFFERS,
    PAYMENT_UNVERIFIED,
    RELAY_ROW_NOT_CANONICAL,
    RELAY_ROW_STRANGE,
    RELAYS_CONTRADICT,
    wei,
)
from aurora_resources.providers.ethereum.quantities import gwei_to_wei
from aurora_resources.providers.ethereum.relays import BlockClaims
from aurora_resources.records import FactState, Finding


class Proof(StrEnum):
    """What stands behind an income: receipts of fees, transactions, a balance, or the relay's word alone."""

    RECEIPTS = "RECEIPTS"
    TRANSACTIONS = "TRANSACTIONS"
    BALANCE = "BALANCE"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Value that one transaction was to move, in wei; a failed one moved nothing."""

    transaction_hash: str
    sender: str
    recipient: str
    value: int
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """What arrived for a proposer, as far as the evidence goes, in wei.

    `amount` is None when nothing is known but the claim. `claimed` is the relays' value that counts: the one
    the evidence confirms, else the largest. `is_exact` says that the two agree; `is_complete` that the
    amount is all there was, so that a difference is the relay's.
    """

    claimed: int
    amount: int | None
    proof: Proof
    is_exact: bool
    is_complete: bool


def transfers(found: ExecutionBlock, by_hash: Mapping[str, Receipt]) -> tuple[Transfer, ...]:
    """Every transaction of the block that names a recipient and a value, in the block's order."""
    return tuple(
        Transfer(row.hash, row.sender, row.recipient, int(row.value), by_hash[row.hash].succeeded)
        for row in found.transactions
        if row.recipient is not None and row.value > 0
    )


def corrected_change(
    address: str, before: int, after: int, found: ExecutionBlock, by_hash: Mapping[str, Receipt]
) -> int:
    """What a block brought to `address`, in wei: the change of its balance without what it spent itself.

    Taken back are its own transactions (value and cost, of failed ones the cost) and withdrawals from the
    consensus layer, which are its own money. What a contract at the address gave away cannot be seen: the
    result may be too small there, never too large by it.
    """
    withdrawn = sum(row.amount_gwei for row in found.withdrawals if row.address == address)
    spent = 0
    for row in found.transactions:
        if row.sender != address:
            continue
        receipt = by_hash[row.hash]
        spent += receipt.cost
        if receipt.succeeded and row.recipient != address:
            spent += row.value
    return after - before + spent - gwei_to_wei(withdrawn)


def find_payment(
    claims: BlockClaims,
    recipient: str,
    fee_recipient: str,
    fees: int,
    moved: Iterable[Transfer],
    change: int | None,
) -> Payment:
    """Look for the claimed payment to `recipient` in the block.

    `fees` are the block's; they count as received when the recipient is the fee recipient itself. `change`
    is the corrected change of the recipient's balance, None when it could not be asked. Of several claimed
    values the one that evidence confirms is taken, however small. Raises ValueError for no claims.
    """
    if not claims.values:
        raise ValueError("no relay claims this block")
    moved = tuple(moved)
    arrived = [row for row in moved if row.succeeded and row.recipient == recipient != row.sender]
    credited = fees if recipient == fee_recipient else 0
    of_builder = credited + sum(row.value for row in arrived if row.sender == fee_recipient)
    singles = [credited + row.value for row in arrived]
    together = credited + sum(row.value for row in arrived)
    for amount, proof in (
        (of_builder, Proof.TRANSACTIONS),
        *((single, Proof.TRANSACTIONS) for single in singles),
        (together, Proof.TRANSACTIONS),
        *(((change, Proof.BALANCE),) if change is not None else ()),
    ):
        if amount in claims.values and (amount > 0 or change is not None):
            return Payment(amount, amount, proof, is_exact=True, is_complete=True)
    claimed = claims.values[0]
    if change is not None:
        return Payment(claimed, max(of_builder, change, 0), Proof.BALANCE, is_exact=False, is_complete=True)
    tried = [row for row in moved if row.recipient == recipient and row.sender == fee_recipient]
    if tried:
        return Payment(claimed, of_builder, Proof.TRANSACTIONS, is_exact=False, is_complete=False)
    return Payment(claimed, None, Proof.NONE, is_exact=False, is_complete=False)


class Case(StrEnum):
    """Which of the five cases a block is."""

    LOCAL = "A"
    BUILDER_PAID = "B"
    BUILDER_KEPT_OUR_RECIPIENT = "C"
    NO_RELAY = "D"
    NOT_CANONICAL = "E"


@dataclass(frozen=True, slots=True)
class BlockEvidence:
    """A canonical block of one of our validators, as the execution layer shows it; amounts in wei.

    `fees` are all priority fees of the block, at any address. `balance_changes` holds the corrected change
    (`corrected_change`) of each address whose balance could be asked.
    """

    validator_key: str
    slot: int
    block_hash: str
    fee_recipient: str
    fees: int
    transfers: tuple[Transfer, ...] = ()
    balance_changes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlockIncome:
    """What a block earned its proposer, in wei: `priority_fees` and `mev` are parts of one income, `total`.

    `payment` is what evidence shows to have arrived from the builder (case C: the fees included), None when
    nothing shows it; `claimed` the relays' value, None without a relay.
    """

    case: Case
    validator_key: str
    slot: int
    block_hash: str | None
    priority_fees: int
    mev: int
    state: FactState
    proof: Proof
    claimed: int | None = None
    payment: int | None = None
    relays: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def total(self) -> int:
        """The whole income of the block."""
        return self.priority_fees + self.mev


def not_canonical(validator_key: str, slot: int, claims: Mapping[str, BlockClaims]) -> BlockIncome:
    """A slot of ours without a block on the chain: nothing, though relays may have delivered one.

    `claims` are the relays' rows of that slot, by block hash.
    """
    relays = tuple(sorted({relay for found in claims.values() for relay in found.relays}))
    values = [value for found in claims.values() for value in found.values]
    findings: tuple[Finding, ...] = ()
    if values:
        delivery = f"slot {slot}: {', '.join(relays)} delivered a block worth up to {wei(max(values))}"
        findings = (
            Finding(
                RELAY_ROW_NOT_CANONICAL, f"{delivery}, which is not on the chain: no income", validator_key
            ),
        )
    return BlockIncome(
        case=Case.NOT_CANONICAL,
        validator_key=validator_key,
        slot=slot,
        block_hash=None,
        priority_fees=0,
        mev=0,
        state=FactState.FINAL,
        proof=Proof.NONE,
        claimed=max(values, default=None),
        relays=relays,
        findings=findings,
    )


def decide(evidence: BlockEvidence, claims: BlockClaims | None, ours: Set[str]) -> BlockIncome:
    """The income of one canonical block. `ours` are the recipients expected at its time; empty: undeclared.

    `claims` are all relays' rows of this block's hash; rows about another slot or proposer are left aside
    with a finding. Raises ValueError when the claims are about another block.
    """
    findings: list[Finding] = []
    kept = None if claims is None else _own_claims(evidence, claims, findings)
    if kept is not None:
        return _by_relay(evidence, kept, ours, findings)
    if evidence.fee_recipient in ours:
        return _income(evidence, Case.LOCAL, findings, priority_fees=evidence.fees, proof=Proof.RECEIPTS)
    if not ours:
        findings.append(
            _finding(
                evidence,
                FEE_RECIPIENTS_UNDECLARED,
                f"its fees went to {evidence.fee_recipient}, and no relay delivered it; declare the "
                "fee_recipients in chains.yaml, so that it is known whose they are",
            )
        )
        return _income(
            evidence,
            Case.LOCAL,
            findings,
            priority_fees=evidence.fees,
            proof=Proof.RECEIPTS,
            state=FactState.PROVISIONAL,
        )
    return _without_relay(evidence, ours, findings)


def _own_claims(evidence: BlockEvidence, claims: BlockClaims, findings: list[Finding]) -> BlockClaims | None:
    """The claims that are evidence of this block, None when none is."""
    if claims.block_hash != evidence.block_hash:
        raise ValueError(f"claims about {claims.block_hash} for block {evidence.block_hash}")
    kept = claims.of_proposer(evidence.validator_key, evidence.slot)
    if len(kept.by_relay) < len(claims.by_relay):
        strange = sorted(set(claims.relays) - set(kept.relays)) or list(claims.relays)
        findings.append(
            _finding(
                evidence,
                RELAY_ROW_STRANGE,
                f"{', '.join(strange)} names another slot or proposer with this block's hash; not counted",
            )
        )
    return kept if kept.by_relay else None


def _by_relay(
    evidence: BlockEvidence, claims: BlockClaims, ours: Set[str], findings: list[Finding]
) -> BlockIncome:
    """Cases B and C."""
    expected = [address for address in claims.recipients if address in ours]
    recipient = (expected or list(claims.recipients))[0]
    payment = find_payment(
        claims,
        recipient,
        evidence.fee_recipient,
        evidence.fees,
        evidence.transfers,
        evidence.balance_changes.get(recipient),
    )
    keeps_ours = evidence.fee_recipient in ours
    case = Case.BUILDER_PAID
    if keeps_ours or evidence.fee_recipient == recipient:
        case = Case.BUILDER_KEPT_OUR_RECIPIENT
    booked = payment.claimed if payment.amount is None else min(payment.claimed, payment.amount)
    # Fees at our own address are credited by the protocol itself: no relay's value makes them less.
    fees = evidence.fees if keeps_ours else 0
    state = _state_of_payment(evidence, claims, payment, findings)
    if ours and not expected:
        state = FactState.PROVISIONAL
        findings.append(
            _finding(
                evidence,
                FEE_RECIPIENT_MISMATCH,
                f"its payment was to go to {recipient}, which is not among the declared "
                "fee recipients; declare it, or find out who registered it",
            )
        )
    if booked < fees:
        findings.append(
            _finding(
                evidence,
                PAYMENT_BELOW_FEES,
                f"the relay's value, {wei(booked)}, is less than the fees credited to {recipient}, "
                f"{wei(fees)}; the fees are booked",
            )
        )
    return _income(
        evidence,
        case,
        findings,
        priority_fees=fees,
        mev=max(booked - fees, 0),
        state=state,
        proof=payment.proof,
        claimed=payment.claimed,
        payment=payment.amount,
        relays=claims.relays,
    )


def _state_of_payment(
    evidence: BlockEvidence, claims: BlockClaims, payment: Payment, findings: list[Finding]
) -> FactState:
    names = ", ".join(claims.relays)
    claimed, paid = payment.claimed, payment.amount
    if len(claims.values) > 1:
        findings.append(
            _finding(
                evidence,
                RELAYS_CONTRADICT,
                f"{names} claim {' and '.join(map(wei, claims.values))} for the same block; the payment "
                f"found confirms {wei(claimed) if payment.is_exact else 'none of them'}",
            )
        )
    if payment.is_exact:
        return FactState.FINAL
    if paid is None:
        findings.append(
            _finding(
                evidence,
                PAYMENT_UNVERIFIED,
                f"no transaction shows the {wei(claimed)} that {names} claims, and the recipient's "
                "balance is not known; an archive node would tell",
            )
        )
        return FactState.PROVISIONAL
    if paid < claimed:
        findings.append(
            _finding(
                evidence,
                PAYMENT_DIFFERS,
                f"{names} claims {wei(claimed)}, {wei(paid)} was paid; what was paid counts",
            )
        )
    return FactState.FINAL if payment.is_complete else FactState.PROVISIONAL


def _without_relay(evidence: BlockEvidence, ours: Set[str], findings: list[Finding]) -> BlockIncome:
    """Case D: a builder that no relay knows pays with its last transaction to us, or does not pay."""
    paid = [
        row
        for row in evidence.transfers
        if row.succeeded and row.sender == evidence.fee_recipient and row.recipient in ours
    ]
    if paid:
        last = paid[-1].value
        return _income(evidence, Case.NO_RELAY, findings, mev=last, payment=last, proof=Proof.TRANSACTIONS)
    received = {a: change for a, change in evidence.balance_changes.items() if a in ours and change > 0}
    seen = "".join(f"; {address} received {wei(change)} in it" for address, change in received.items())
    findings.append(
        _finding(
            evidence,
            FEE_RECIPIENT_MISMATCH,
            f"its fees went to {evidence.fee_recipient}, no relay delivered it and no transaction pays us"
            f"{seen}: nothing is booked; find out who set the fee recipient",
        )
    )
    return _income(
        evidence,
        Case.NO_RELAY,
        findings,
        payment=0,
        proof=Proof.TRANSACTIONS,
        state=FactState.PROVISIONAL if received else FactState.FINAL,
    )


def _income(
    evidence: BlockEvidence,
    case: Case,
    findings: list[Finding],
    *,
    proof: Proof,
    priority_fees: int = 0,
    mev: int = 0,
    state: FactState = FactState.FINAL,
    claimed: int | None = None,
    payment: int | None = None,
    relays: tuple[str, ...] = (),
) -> BlockIncome:
    return BlockIncome(
        case=case,
        validator_key=evidence.validator_key,
        slot=evidence.slot,
        block_hash=evidence.block_hash,
        priority_fees=priority_fees,
        mev=mev,
        state=state,
        proof=proof,
        claimed=claimed,
        payment=payment,
        relays=relays,
        findings=tuple(findings),
    )


def _finding(evidence: BlockEvidence, code: str, problem: str) -> Finding:
    return Finding(
        code, f"slot {evidence.slot}, block {evidence.block_hash}: {problem}", evidence.validator_key
    )
