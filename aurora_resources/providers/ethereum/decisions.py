"""What a validator earned in the execution layer by one block: its fees, or a builder's payment, never both.

The five cases, with F the block's fee recipient, OURS the addresses where income is expected, and a hit a
relay's row of the block's hash:

    A  F in OURS, no hit   built locally: the block's fees
    B  F elsewhere, hit    the builder keeps the fees and pays: the payment
    C  F in OURS, hit      the relay's value, which already contains the fees
    D  F elsewhere, no hit the last transaction of F to OURS, else nothing and an incident
    E  not on the chain    nothing, whatever a relay says (`block_income.not_canonical`)

A relay's value is booked as far as it was paid; without any evidence it is provisional. Pure functions; the
evidence is gathered in `payments.py` and `relays.py`.
"""

from collections.abc import Set

from aurora_resources.providers.ethereum.block_income import BlockEvidence, BlockIncome, Case
from aurora_resources.providers.ethereum.findings import (
    FEE_RECIPIENT_MISMATCH,
    FEE_RECIPIENTS_UNDECLARED,
    PAYMENT_BELOW_FEES,
    PAYMENT_DIFFERS,
    PAYMENT_UNVERIFIED,
    RELAY_ROW_STRANGE,
    RELAYS_CONTRADICT,
    wei,
)
from aurora_resources.providers.ethereum.payments import Payment, Proof, find_payment
from aurora_resources.providers.ethereum.relays import BlockClaims
from aurora_resources.records import FactState, Finding


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
