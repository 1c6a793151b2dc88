"""Execution blocks, receipts and relay rows made by hand: what a test does not name is ordinary."""

from collections.abc import Iterable

from aurora_resources.providers.ethereum.block_income import BlockEvidence, Transfer
from aurora_resources.providers.ethereum.execution import (
    BlockWithdrawal,
    ExecutionBlock,
    Receipt,
    Transaction,
)
from aurora_resources.providers.ethereum.quantities import DecimalUint, HexData, HexUint
from aurora_resources.providers.ethereum.relays import BlockClaims, RelayClaim, claims_by_block

PROPOSER = "0x" + "a1" * 48
OURS = "0x" + "0a" * 20
BUILDER = "0x" + "b0" * 20
SOMEBODY = "0x" + "cc" * 20
HASH = "0x" + "11" * 32
SLOT = 11_062_525


def numbered(number: int) -> HexData:
    """A transaction's hash."""
    return HexData(f"0x{number:064x}")


def transaction(number: int, sender: str, recipient: str | None, value: int) -> Transaction:
    to = None if recipient is None else HexData(recipient)
    return Transaction(numbered(number), HexData(sender), HexUint(value), to)


def receipt(
    number: int, sender: str, *, gas: int = 21_000, price: int = 10, status: int = 1, blob_gas: int = 0
) -> Receipt:
    return Receipt(
        numbered(number),
        HexData(HASH),
        HexData(sender),
        HexUint(gas),
        HexUint(price),
        HexUint(status),
        HexUint(blob_gas),
        HexUint(1),
    )


def block(
    transactions: Iterable[Transaction],
    receipts: Iterable[Receipt],
    *,
    miner: str = BUILDER,
    base_fee: int = 10,
    withdrawals: Iterable[tuple[str, int]] = (),
) -> tuple[ExecutionBlock, dict[str, Receipt]]:
    """A block and its receipts by hash; withdrawals as (address, gwei)."""
    by_hash: dict[str, Receipt] = {row.transaction_hash: row for row in receipts}
    found = ExecutionBlock(
        hash=HexData(HASH),
        number=HexUint(21_847_848),
        miner=HexData(miner),
        base_fee_per_gas=HexUint(base_fee),
        gas_used=HexUint(sum(row.gas_used for row in by_hash.values())),
        timestamp=HexUint(0),
        transactions=tuple(transactions),
        withdrawals=tuple(BlockWithdrawal(HexData(to), HexUint(gwei)) for to, gwei in withdrawals),
    )
    return found, by_hash


def moved(sender: str, recipient: str, value: int, *, succeeded: bool = True) -> Transfer:
    return Transfer(numbered(0), sender, recipient, value, succeeded)


def evidence(
    *transfers: Transfer,
    fee_recipient: str = BUILDER,
    fees: int = 500,
    changes: dict[str, int] | None = None,
    block_hash: str = HASH,
    slot: int = SLOT,
) -> BlockEvidence:
    return BlockEvidence(PROPOSER, slot, block_hash, fee_recipient, fees, transfers, changes or {})


def claim(
    value: int,
    *,
    recipient: str = OURS,
    block_hash: str = HASH,
    proposer: str = PROPOSER,
    slot: int = SLOT,
) -> RelayClaim:
    return RelayClaim(
        slot=DecimalUint(slot),
        block_hash=HexData(block_hash),
        builder_pubkey=HexData("0x" + "bb" * 48),
        proposer_pubkey=HexData(proposer),
        value=DecimalUint(value),
        recipient=HexData(recipient),
    )


def claims(**values: int) -> BlockClaims:
    """One row a relay: `claims(flashbots=100, titan=300)`."""
    return claims_by_block({relay: [claim(value)] for relay, value in values.items()})[HASH]
