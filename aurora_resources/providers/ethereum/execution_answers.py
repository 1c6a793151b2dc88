"""What an execution node answers, as typed records in exact wei, and a block's priority fees out of them.

Pure functions of bytes. Questions and errors are in `execution.py`; what of the fees the proposer earned is
decided in `decisions.py`. Withdrawals stand in hex GWEI inside a block, everything else in wei.
"""

from collections.abc import Mapping, Sequence

import msgspec

from aurora_resources.errors import PayloadError
from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.ethereum.beacon_answers import PayloadRef
from aurora_resources.providers.ethereum.quantities import HexData, HexUint, shape
from aurora_resources.providers.json_rpc import Reply, result, rpc_params
from aurora_resources.records import ProviderResponse


class Transaction(msgspec.Struct, frozen=True, rename="camel"):
    """One transaction of a block; `value` in wei; `recipient` is None for the creation of a contract."""

    hash: HexData
    sender: HexData = msgspec.field(name="from")
    value: HexUint
    recipient: HexData | None = msgspec.field(name="to", default=None)


class BlockWithdrawal(msgspec.Struct, frozen=True):
    """A move from the consensus layer to an address, without a transaction; not income."""

    address: HexData
    amount_gwei: HexUint = msgspec.field(name="amount")


class ExecutionBlock(msgspec.Struct, frozen=True, rename="camel"):
    """A block with its transactions. `miner` is the fee recipient: the builder, or the proposer's address."""

    hash: HexData
    number: HexUint
    miner: HexData
    base_fee_per_gas: HexUint
    gas_used: HexUint
    timestamp: HexUint
    transactions: tuple[Transaction, ...]
    withdrawals: tuple[BlockWithdrawal, ...] = ()


class Receipt(msgspec.Struct, frozen=True, rename="camel"):
    """What a transaction did: gas used, price paid in wei a unit. A failed one (status 0) pays fees, too.

    The fee for blobs is paid by the sender and burned: it is never income.
    """

    transaction_hash: HexData
    block_hash: HexData
    sender: HexData = msgspec.field(name="from")
    gas_used: HexUint
    effective_gas_price: HexUint
    status: HexUint | None = None
    blob_gas_used: HexUint = HexUint(0)
    blob_gas_price: HexUint = HexUint(0)

    @property
    def succeeded(self) -> bool:
        """Whether its value moved."""
        return self.status == 1

    @property
    def cost(self) -> int:
        """What the sender paid for execution and blobs, in wei, its value aside."""
        return self.gas_used * self.effective_gas_price + self.blob_gas_used * self.blob_gas_price


_chain_id = shape(Reply[HexUint])
_block = shape(Reply[ExecutionBlock])
_receipts = shape(Reply[tuple[Receipt, ...]])
_receipt = shape(Reply[Receipt])
_balance = shape(Reply[HexUint])


def chain_id(payload: ProviderResponse) -> int:
    """The answer of eth_chainId. Raises PayloadError."""
    return int(result(_chain_id, payload))


def block(payload: ProviderResponse) -> ExecutionBlock:
    """A block with whole transactions. Raises PayloadError, also when it is another block, or null."""
    found = result(_block, payload)
    asked = next(iter(rpc_params(payload.question)), None)
    if isinstance(asked, str) and _is_hash(asked) and asked.lower() != found.hash:
        raise unexpected(payload, f"asked for block {asked}, answered block {found.hash}")
    return found


def receipts(payload: ProviderResponse) -> tuple[Receipt, ...]:
    """The receipts of a whole block. Raises PayloadError, also when they are null."""
    return result(_receipts, payload)


def receipt(payload: ProviderResponse) -> Receipt:
    """One receipt. Raises PayloadError, also when it is null."""
    return result(_receipt, payload)


def balance(payload: ProviderResponse) -> int:
    """A balance in wei; an unknown account has none, which is zero. Raises PayloadError."""
    return int(result(_balance, payload))


def receipts_of(
    found: ExecutionBlock,
    provider: str,
    answered: Sequence[Receipt],
    endpoint: str = "eth_getBlockReceipts",
) -> Mapping[str, Receipt]:
    """The block's receipts by transaction, complete and of this block for certain.

    Raises PayloadError, naming `endpoint` as the place they came from, when one is missing, strange or
    twice, or when their gas is not the block's: fees summed from them would be wrong.
    """
    by_hash: dict[str, Receipt] = {row.transaction_hash: row for row in answered}
    wanted = {transaction.hash for transaction in found.transactions}
    problem: str | None = None
    if len(by_hash) != len(answered):
        problem = "a transaction has two receipts"
    elif by_hash.keys() != wanted:
        problem = f"{len(answered)} receipts do not match the {len(wanted)} transactions"
    elif strange := [row for row in answered if row.block_hash != found.hash]:
        problem = f"a receipt is of block {strange[0].block_hash}"
    elif (gas := sum(row.gas_used for row in answered)) != found.gas_used:
        problem = f"receipts used {gas} gas, the block says {found.gas_used}"
    elif cheap := [row for row in answered if row.effective_gas_price < found.base_fee_per_gas]:
        problem = f"{cheap[0].transaction_hash} paid less than the base fee"
    if problem is not None:
        raise PayloadError(f"block {found.hash}: {problem}", provider=provider, endpoint=endpoint)
    return by_hash


def priority_fees(found: ExecutionBlock, by_hash: Mapping[str, Receipt]) -> int:
    """What the block credited to its fee recipient, in wei: gas × (price − base fee) over all receipts.

    Failed transactions pay as well. Base and blob fees are burned.
    """
    return sum(row.gas_used * (row.effective_gas_price - found.base_fee_per_gas) for row in by_hash.values())


def contradiction(found: ExecutionBlock, inside: PayloadRef) -> str | None:
    """What differs between the execution node's block and the beacon block's payload; None for nothing."""
    pairs = {
        "hash": (found.hash, inside.block_hash),
        "number": (found.number, inside.block_number),
        "fee recipient": (found.miner, inside.fee_recipient),
        "base fee": (found.base_fee_per_gas, inside.base_fee_per_gas),
        "gas": (found.gas_used, inside.gas_used),
        "time": (found.timestamp, inside.timestamp),
    }
    for name, (executed, proposed) in pairs.items():
        if executed != proposed:
            return f"{name} is {executed} at the execution node and {proposed} in the beacon block"
    return None


def _is_hash(text: str) -> bool:
    return text.startswith("0x") and len(text) == _HASH_CHARACTERS


_HASH_CHARACTERS = 66
