"""Blocks, transactions and receipts as a node words them: minimal hexadecimal, withdrawals in gwei.

Hash fields that say nothing about money are derived from the block's hash.
"""

from typing import Any, Final

from aurora_sandbox.ethereum.keys import address, number, root
from aurora_sandbox.ethereum.payloads import GAS_LIMIT, Payload, Transaction
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.withdrawals import withdrawals_of
from aurora_sandbox.ethereum.world import EthereumWorld

BLOB_GAS: Final = 131_072
BLOB_GAS_PRICE: Final = 1_000_007
_LEGACY, _BLOBS = 0, 3
_TRANSFER_CALL: Final = "0xa9059cbb"
_TRANSFER_EVENT: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_NO_BLOOM: Final = "0x" + "0" * 512
_NO_UNCLES: Final = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"


def block_shape(world: EthereumWorld, slot: Slot, *, full: bool) -> dict[str, Any]:
    """A block with whole transactions, or with their hashes."""
    made = world.payload(slot.slot)
    transactions: list[Any] = (
        transaction_shapes(world, slot) if full else [tx.hash for tx in made.transactions]
    )
    return {
        "baseFeePerGas": hex(made.base_fee),
        "blobGasUsed": hex(sum(tx.blobs for tx in made.transactions) * BLOB_GAS),
        "difficulty": "0x0",
        "excessBlobGas": "0x1960000",
        "extraData": "0x" + made.builder.encode().hex(),
        "gasLimit": hex(GAS_LIMIT),
        "gasUsed": hex(made.gas_used),
        "hash": slot.hash,
        "logsBloom": _NO_BLOOM,
        "miner": made.miner,
        "mixHash": root("randao", slot.hash),
        "nonce": "0x0000000000000000",
        "number": hex(slot.number),
        "parentBeaconBlockRoot": slot.parent_root,
        "parentHash": slot.parent_hash,
        "receiptsRoot": root("receipts", slot.hash),
        "requestsHash": root("requests", slot.hash),
        "sha3Uncles": _NO_UNCLES,
        "size": hex(20_000 + 300 * len(made.transactions)),
        "stateRoot": root("execution-state", slot.hash),
        "timestamp": hex(slot.timestamp),
        "transactions": transactions,
        "transactionsRoot": root("transactions", slot.hash),
        "uncles": [],
        "withdrawals": [
            {
                "index": hex(row.index),
                "validatorIndex": hex(row.validator_index),
                "address": row.address,
                "amount": hex(row.amount),
            }
            for row in withdrawals_of(world, slot)
        ],
        "withdrawalsRoot": root("withdrawals", slot.hash),
    }


def transaction_shapes(world: EthereumWorld, slot: Slot) -> list[dict[str, Any]]:
    """The block's transactions; fields depend on the type."""
    made = world.payload(slot.slot)
    return [_transaction(made, place, tx) for place, tx in enumerate(made.transactions)]


def receipt_shapes(world: EthereumWorld, slot: Slot) -> list[dict[str, Any]]:
    """The block's receipts; a blob transaction's has two fields more."""
    made = world.payload(slot.slot)
    found, cumulative = [], 0
    for place, tx in enumerate(made.transactions):
        cumulative += tx.gas_used
        shape: dict[str, Any] = {
            "blockHash": slot.hash,
            "blockNumber": hex(slot.number),
            "contractAddress": address("contract", tx.hash) if tx.to is None else None,
            "cumulativeGasUsed": hex(cumulative),
            "effectiveGasPrice": hex(made.base_fee + tx.priority),
            "from": tx.sender,
            "gasUsed": hex(tx.gas_used),
            "logs": _logs(slot, place, tx),
            "logsBloom": _NO_BLOOM,
            "status": hex(tx.succeeded),
            "to": tx.to,
            "transactionHash": tx.hash,
            "transactionIndex": hex(place),
            "type": hex(tx.type),
        }
        if tx.blobs:
            shape |= {"blobGasUsed": hex(tx.blobs * BLOB_GAS), "blobGasPrice": hex(BLOB_GAS_PRICE)}
        found.append(shape)
    return found


def _logs(slot: Slot, place: int, tx: Transaction) -> list[dict[str, Any]]:
    """One event of a token's contract, of a call that succeeded."""
    if tx.to is None or not tx.succeeded or not tx.input.startswith(_TRANSFER_CALL):
        return []
    return [
        {
            "address": tx.to,
            "topics": [_TRANSFER_EVENT],
            "data": root("data", tx.hash),
            "blockNumber": hex(slot.number),
            "transactionHash": tx.hash,
            "transactionIndex": hex(place),
            "blockHash": slot.hash,
            "blockTimestamp": hex(slot.timestamp),
            "logIndex": hex(place),
            "removed": False,
        }
    ]


def _transaction(made: Payload, place: int, tx: Transaction) -> dict[str, Any]:
    slot = made.slot
    price = made.base_fee + tx.priority
    shape: dict[str, Any] = {
        "blockHash": slot.hash,
        "blockNumber": hex(slot.number),
        "blockTimestamp": hex(slot.timestamp),
        "from": tx.sender,
        "gas": hex(tx.gas),
        "gasPrice": hex(price),
        "hash": tx.hash,
        "input": tx.input,
        "nonce": hex(number(10_000, "nonce", tx.hash)),
        "to": tx.to,
        "transactionIndex": hex(place),
        "value": hex(tx.value),
        "type": hex(tx.type),
        "chainId": "0x1",
        "v": "0x26" if tx.type == _LEGACY else "0x1",
        "r": root("r", tx.hash),
        "s": root("s", tx.hash),
    }
    if tx.type != _LEGACY:
        shape |= {"accessList": [], "yParity": "0x1"}
    if tx.type >= 2:  # noqa: PLR2004 - from EIP-1559 on
        shape |= {"maxFeePerGas": hex(price + made.base_fee), "maxPriorityFeePerGas": hex(tx.priority)}
    if tx.type == _BLOBS:
        shape |= {
            "maxFeePerBlobGas": hex(2 * BLOB_GAS_PRICE),
            "blobVersionedHashes": ["0x01" + root(tx.hash, blob)[4:] for blob in range(tx.blobs)],
        }
    return shape
