"""Whether a builder really paid what a relay claims: from a block's transactions, receipts and balances.

Value moves in three ways: by a transaction to the recipient (the usual one, at the end of the block), by a
call inside another transaction, and by fees credited to the recipient itself. The last two show in the
balance alone, which is corrected for what has nothing to do with the block's income. Pure functions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from aurora_resources.providers.ethereum.execution_answers import ExecutionBlock, Receipt
from aurora_resources.providers.ethereum.quantities import gwei_to_wei
from aurora_resources.providers.ethereum.relays import BlockClaims


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
