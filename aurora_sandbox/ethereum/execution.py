"""The execution layer's JSON-RPC as the sandbox serves it: shapes, method table, parameters, faults.

Quantities are minimal hexadecimal in wei, withdrawals in gwei. Hash fields that hold no amount are derived
from the block's hash. Not found is null, not an error.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from aurora_sandbox.ethereum.chain import EthereumChain, RestError
from aurora_sandbox.ethereum.keys import address, number, root
from aurora_sandbox.ethereum.network import NETWORK, QUOTED, TYPED_FIELDS, without_rows_of_validator
from aurora_sandbox.ethereum.payloads import GAS_LIMIT, Payload, Transaction
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.spec import SLOTS_PER_EPOCH
from aurora_sandbox.ethereum.world import EthereumWorld, withdrawals_of
from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.json_rpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    RpcError,
    empty_result,
    failed_call,
    failure,
)
from aurora_sandbox.server.messages import Json, SandboxRequest, SandboxResponse
from aurora_sandbox.server.provider import Provider
from aurora_sandbox.server.row_faults import Call, RowFaults

BLOB_GAS: Final = 131_072
BLOB_GAS_PRICE: Final = 1_000_007
_LEGACY, _BLOBS = 0, 3
_TRANSFER_CALL: Final = "0xa9059cbb"
_TRANSFER_EVENT: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
_NO_BLOOM: Final = "0x" + "0" * 512
_NO_UNCLES: Final = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
CHAIN_ID: Final = "0x1"
_QUANTITY: Final = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)")
_HASH: Final = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_SAFE_EPOCHS: Final = 1


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
    return [_transaction_shape(made, place, tx) for place, tx in enumerate(made.transactions)]


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
    """One Transfer event for each successful call of a token contract."""
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


def _transaction_shape(made: Payload, place: int, tx: Transaction) -> dict[str, Any]:
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


def respond(chain: EthereumChain, request: SandboxRequest) -> SandboxResponse:
    """The response to one request object; never raises for what a client sends."""
    return SandboxResponse(_response_object(chain, request.json))


def _response_object(chain: EthereumChain, call: Json) -> dict[str, Any]:
    if not isinstance(call, dict) or call.get("jsonrpc") != "2.0" or not isinstance(call.get("method"), str):
        return failure(None, RpcError(INVALID_REQUEST, "invalid request"))
    identifier, params = call.get("id"), call.get("params") or []
    name = call["method"]
    method = METHODS.get(name)
    if method is None:
        message = f"the method {name} does not exist/is not available"
        return failure(identifier, RpcError(METHOD_NOT_FOUND, message))
    if not isinstance(params, list):
        return failure(identifier, RpcError(INVALID_PARAMS, "non-array args"))
    try:
        return {"jsonrpc": "2.0", "id": identifier, "result": method(chain, params)}
    except RpcError as error:
        return failure(identifier, error)


def _named_block(chain: EthereumChain, call: Json) -> Slot | None:
    """The block that a call is about, if it names one that exists."""
    params = call.get("params") if isinstance(call, dict) else None
    for value in params if isinstance(params, list) else []:
        try:
            if isinstance(value, str) and _HASH.fullmatch(value):
                return chain.by_hash(value.lower()) or _slot_of_transaction(chain, value.lower())
            if isinstance(value, str) and _QUANTITY.fullmatch(value):
                return chain.by_number(int(value, 16))
        except RpcError:
            return None
    return None


def _block_by_number(chain: EthereumChain, params: list[Any]) -> Json:
    slot = _block(chain, _required(params, 0), hashes=False)
    return None if slot is None else block_shape(chain.world, slot, full=_full(params))


def _block_by_hash(chain: EthereumChain, params: list[Any]) -> Json:
    slot = chain.by_hash(_matching(_required(params, 0), _HASH, "hash"))
    return None if slot is None else block_shape(chain.world, slot, full=_full(params))


def _block_receipts(chain: EthereumChain, params: list[Any]) -> Json:
    slot = _block(chain, _required(params, 0), hashes=True)
    return None if slot is None else receipt_shapes(chain.world, slot)


def _transaction(chain: EthereumChain, params: list[Any]) -> Json:
    return _one(chain, params, transaction_shapes, "hash")


def _receipt(chain: EthereumChain, params: list[Any]) -> Json:
    return _one(chain, params, receipt_shapes, "transactionHash")


def _balance(chain: EthereumChain, params: list[Any]) -> Json:
    address = _matching(_required(params, 0), _ADDRESS, "address")
    at = params[1] if len(params) > 1 else "latest"
    if isinstance(at, dict):  # EIP-1898
        at = at.get("blockHash") or at.get("blockNumber")
    slot = _block(chain, at, hashes=True)
    if slot is None:
        raise RpcError(-32000, "header not found")
    return hex(chain.world.balance(address, slot.number))


def _block_number(chain: EthereumChain, _params: list[Any]) -> Json:
    return hex(chain.block_before(chain.head_slot).number)


METHODS: Final[Mapping[str, Callable[[EthereumChain, list[Any]], Json]]] = {
    "eth_blockNumber": _block_number,
    "eth_chainId": lambda _chain, _params: CHAIN_ID,
    "eth_getBalance": _balance,
    "eth_getBlockByHash": _block_by_hash,
    "eth_getBlockByNumber": _block_by_number,
    "eth_getBlockReceipts": _block_receipts,
    "eth_getTransactionByHash": _transaction,
    "eth_getTransactionReceipt": _receipt,
    "eth_syncing": lambda _chain, _params: False,
    "net_version": lambda _chain, _params: "1",
    "web3_clientVersion": lambda _chain, _params: "Geth/v1.16.4-sandbox/linux-amd64/go1.24.1",
}


def _block(chain: EthereumChain, at: Json, *, hashes: bool) -> Slot | None:
    """The block at a number, tag or (where allowed) hash. Raises RpcError -32602."""
    tags = {
        "latest": chain.head_slot,
        "pending": chain.head_slot,
        "safe": (chain.finalized_epoch + _SAFE_EPOCHS) * SLOTS_PER_EPOCH,
        "finalized": chain.finalized_epoch * SLOTS_PER_EPOCH,
    }
    if isinstance(at, str) and at in tags:
        try:
            return chain.block_before(tags[at])
        except RestError:
            return None
    if at == "earliest":
        return chain.by_number(0)
    if hashes and isinstance(at, str) and _HASH.fullmatch(at):
        return chain.by_hash(at.lower())
    return chain.by_number(int(_matching(at, _QUANTITY, "block number"), 16))


def _one(
    chain: EthereumChain, params: list[Any], shapes: Callable[..., list[dict[str, Any]]], key: str
) -> Json:
    wanted = _matching(_required(params, 0), _HASH, "hash")
    slot = _slot_of_transaction(chain, wanted)
    if slot is None:
        return None
    return next(shape for shape in shapes(chain.world, slot) if shape[key] == wanted)


def _slot_of_transaction(chain: EthereumChain, wanted: str) -> Slot | None:
    number = chain.world.transactions.get(wanted)
    return None if number is None else chain.slot(number)


def _required(params: list[Any], place: int) -> Json:
    if len(params) <= place or params[place] is None:
        raise RpcError(INVALID_PARAMS, f"missing value for required argument {place}")
    return params[place]


def _matching(value: Json, shape: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise RpcError(INVALID_PARAMS, f"invalid argument: {value!r} is no {what}")
    return value.lower()


def _full(params: list[Any]) -> bool:
    if len(params) < 2 or not isinstance(params[1], bool):  # noqa: PLR2004 - block, full
        raise RpcError(INVALID_PARAMS, "missing value for required argument 1")
    return params[1]


def describe_call(chain: EthereumChain | None, request: SandboxRequest) -> Call:
    """A call with the epoch of the block it names; none is known over a recording."""
    method = request.json.get("method") if isinstance(request.json, dict) else None
    slot = _named_block(chain, request.json) if chain is not None else None
    epoch = None if slot is None else slot.slot // SLOTS_PER_EPOCH
    return Call(method if isinstance(method, str) else "", epoch, request.json)


def _rpc_error(
    _chain: EthereumChain | None, fault: Fault, call: Call, _response: SandboxResponse
) -> SandboxResponse:
    return failed_call(call.body, RpcError(fault.code, fault.message))


def _no_method(
    _chain: EthereumChain | None, _fault: Fault, call: Call, _response: SandboxResponse
) -> SandboxResponse:
    message = f"the method {call.endpoint} does not exist/is not available"
    return failed_call(call.body, RpcError(METHOD_NOT_FOUND, message))


def _missing_epoch(
    _chain: EthereumChain | None, fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    if call.epoch is None or fault.epoch not in (None, call.epoch):
        return response
    return response.with_body({**response.body, "result": None})


PROVIDER: Final = Provider(
    name="execution",
    network=NETWORK,
    prefix="/execution",
    variables="ETHEREUM_EXECUTION",
    json_rpc=True,
    respond=respond,
    describe_call=describe_call,
    rows=RowFaults(
        format=QUOTED,
        amounts={"*": frozenset({"effectiveGasPrice", "value"}), "eth_getBalance": frozenset({"result"})},
        typed=TYPED_FIELDS,
        empty=lambda call: empty_result(call.body),
        rpc_error=_rpc_error,
        no_endpoint=_no_method,
        missing_epoch=_missing_epoch,
        missing_validator=without_rows_of_validator,
    ),
)
