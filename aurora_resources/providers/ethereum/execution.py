"""An execution node (JSON-RPC over one URL): requests, what its errors mean, its answers in exact wei.

`base_url` is the node's whole address, path and key included; the path of a request is empty. Blocks are
requested by the hash that the beacon chain names, so that no fork can interfere; what is found that way never
changes. A block without all its receipts is not known. Withdrawals stand in hex GWEI inside a block,
everything else in wei. Which of the fees the proposer earned is decided in `block_income.py`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import httpx
import msgspec

from aurora_resources.errors import (
    HistoryUnavailable,
    PayloadError,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.ethereum.beacon import PayloadRef
from aurora_resources.providers.ethereum.quantities import HexData, HexUint, hex_quantity, shape
from aurora_resources.providers.json_rpc import Failure, Reply, failure, result, rpc_params
from aurora_resources.providers.staged import Answers
from aurora_resources.records import Fetcher, Json, ProviderRequest, ProviderResponse

CHAIN_ID: Final = "eth_chainId"
BLOCK: Final = "eth_getBlockByHash"
BLOCK_RECEIPTS: Final = "eth_getBlockReceipts"
RECEIPT: Final = "eth_getTransactionReceipt"
BALANCE: Final = "eth_getBalance"


@dataclass(frozen=True, slots=True)
class Execution:
    """The requests to one execution node; `provider` is its name in `providers.yaml`."""

    provider: str

    def chain_id(self) -> ProviderRequest:
        """eth_chainId: which network the node is on."""
        return self._request(CHAIN_ID, [])

    def block(self, block_hash: str) -> ProviderRequest:
        """eth_getBlockByHash with whole transactions: up to half a megabyte."""
        return self._request(BLOCK, [block_hash, True], immutable=True)

    def block_receipts(self, block_hash: str) -> ProviderRequest:
        """eth_getBlockReceipts: the receipts of a whole block; not every node offers it."""
        return self._request(BLOCK_RECEIPTS, [block_hash], immutable=True)

    def receipt(self, transaction_hash: str) -> ProviderRequest:
        """eth_getTransactionReceipt: one receipt, where the block's cannot be had at once."""
        return self._request(RECEIPT, [transaction_hash], immutable=True)

    def balance(self, address: str, block_number: int) -> ProviderRequest:
        """eth_getBalance after a finalised block, in wei; older ones need an archive node."""
        return self._request(BALANCE, [address, hex_quantity(block_number)], immutable=True)

    def _request(self, method: str, params: Sequence[Json], *, immutable: bool = False) -> ProviderRequest:
        body: dict[str, Json] = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return ProviderRequest(self.provider, method, "POST", "", body=body, immutable=immutable)


class _Result(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"null")


_result = msgspec.json.Decoder(_Result)

_METHOD_UNKNOWN: Final = frozenset({-32601, -32004})
_REQUEST_WRONG: Final = frozenset({-32700, -32600, -32602})
_TRANSIENT: Final = frozenset({-32005, -32002, -32603, 429})
_NOT_FOUND: Final = -32001
_NO_HISTORY: Final = re.compile(
    r"missing trie node|historical state|state .*(not available|unavailable|pruned)|pruned|archive"
    r"|(header|block|state) not found|unknown block",
    re.IGNORECASE,
)
_UNKNOWN_METHOD: Final = re.compile(
    r"method .*(not (found|supported|available|exist)|does not exist|unsupported)"
    r"|unsupported method|not whitelisted",
    re.IGNORECASE,
)


def classify_execution(
    request: ProviderRequest, status: int, _headers: httpx.Headers, body: bytes
) -> ProviderError | None:
    """The error an answer of status 2xx stands for, by code and words. A body that is no JSON is left alone.

    A null result is one, too: only finalised blocks and their transactions are ever asked for, so a node
    that does not know them lacks history.
    """
    error = failure(body)
    if error is None:
        if not _is_null(body):
            return None
        return HistoryUnavailable(
            "the answer is null: this node does not know that block; wait until it is in sync, or configure "
            "one with an archive",
            provider=request.provider,
            endpoint=request.endpoint,
            status=status,
        )
    kind, remedy = _meaning(error)
    return kind(
        f"{error.message} (code {error.code}): {remedy}",
        provider=request.provider,
        endpoint=request.endpoint,
        status=status,
        code=error.code,
    )


def _is_null(body: bytes) -> bool:
    try:
        found = _result.decode(body).result
    except msgspec.MsgspecError:
        return False
    return bytes(found).strip() == b"null"


def _meaning(error: Failure) -> tuple[type[ProviderError], str]:
    """Words come before the codes that servers use for everything (-32000, -32603)."""
    kind: type[ProviderError] = TransientProviderError
    if error.code in _REQUEST_WRONG or error.code in _METHOD_UNKNOWN or _UNKNOWN_METHOD.search(error.message):
        kind = RefusedByProvider
    elif error.code in _TRANSIENT and not _NO_HISTORY.search(error.message):
        kind = TransientProviderError
    elif error.code == _NOT_FOUND or _NO_HISTORY.search(error.message):
        kind = HistoryUnavailable
    return kind, _REMEDIES[kind]


_REMEDIES: Final[dict[type[ProviderError], str]] = {
    TransientProviderError: "the node is in trouble; try again or ask another one",
    HistoryUnavailable: "this node does not hold that history; configure an archive node",
    RefusedByProvider: "repeating it cannot help; check the node's URL, key and supported methods",
}


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


def chain_id(response: ProviderResponse) -> int:
    """The answer of eth_chainId. Raises PayloadError."""
    return int(result(_chain_id, response))


def block(response: ProviderResponse) -> ExecutionBlock:
    """A block with whole transactions. Raises PayloadError, also when it is another block, or null."""
    found = result(_block, response)
    asked = next(iter(rpc_params(response.request)), None)
    if isinstance(asked, str) and _is_hash(asked) and asked.lower() != found.hash:
        raise unexpected(response, f"asked for block {asked}, answered block {found.hash}")
    return found


def receipts(response: ProviderResponse) -> tuple[Receipt, ...]:
    """The receipts of a whole block. Raises PayloadError, also when they are null."""
    return result(_receipts, response)


def receipt(response: ProviderResponse) -> Receipt:
    """One receipt. Raises PayloadError, also when it is null."""
    return result(_receipt, response)


def balance(response: ProviderResponse) -> int:
    """A balance in wei; an unknown account has none, which is zero. Raises PayloadError."""
    return int(result(_balance, response))


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


async def fetch_block(fetcher: Fetcher, node: Execution, block_hash: str) -> ExecutionBlock:
    """Ask for a block and all its receipts: at once, or one a transaction where the node has no other way.

    Raises ProviderError, and PayloadError when the answer is another block.
    """
    found = block(await fetcher.fetch(node.block(block_hash)))
    try:
        await fetcher.fetch(node.block_receipts(block_hash))
    except RefusedByProvider:
        await fetch_all(fetcher, [node.receipt(transaction.hash) for transaction in found.transactions])
    return found


async def fetch_balances(
    fetcher: Fetcher, node: Execution, address: str, block_number: int
) -> tuple[ProviderResponse, ProviderResponse]:
    """The balance of `address` before and after a block. Raises ProviderError."""
    before = await fetcher.fetch(node.balance(address, block_number - 1))
    return before, await fetcher.fetch(node.balance(address, block_number))


class ExecutionResponses:
    """One execution node's answers about one window. Every reading may raise PayloadError."""

    def __init__(self, found: Answers) -> None:
        self.provider = found.provider
        self._found = found

    def block(self, inside: PayloadRef) -> tuple[ExecutionBlock, Mapping[str, Receipt]] | None:
        """The block of a beacon block's payload with its receipts; None when they are not all there.

        Raises PayloadError when it is not the block that the beacon chain has.
        """
        response = self._blocks.get(inside.block_hash)
        if response is None:
            return None
        found = block(response)
        if problem := contradiction(found, inside):
            raise unexpected(response, problem)
        rows = self._receipts(found)
        if rows is None:
            return None
        endpoint = BLOCK_RECEIPTS if found.hash in self._whole_receipts else RECEIPT
        return found, receipts_of(found, self.provider, rows, endpoint)

    def changes(self, block_number: int) -> Mapping[str, tuple[int, int]]:
        """By address the balance before and after a block, in wei, where both were answered."""
        before, after = self._balances.get(block_number - 1, {}), self._balances.get(block_number, {})
        return {
            address: (before[address], balance) for address, balance in after.items() if address in before
        }

    def _receipts(self, found: ExecutionBlock) -> Sequence[Receipt] | None:
        whole = self._whole_receipts.get(found.hash)
        if whole is not None:
            return receipts(whole)
        single = [self._single_receipts.get(transaction.hash) for transaction in found.transactions]
        known = [receipt(response) for response in single if response is not None]
        return known if len(known) == len(single) else None

    @cached_property
    def _blocks(self) -> Mapping[object, ProviderResponse]:
        return self._by_first_param(BLOCK)

    @cached_property
    def _whole_receipts(self) -> Mapping[object, ProviderResponse]:
        return self._by_first_param(BLOCK_RECEIPTS)

    @cached_property
    def _single_receipts(self) -> Mapping[object, ProviderResponse]:
        return self._by_first_param(RECEIPT)

    @cached_property
    def _balances(self) -> Mapping[int, Mapping[str, int]]:
        """Balances by address, by block number."""
        found: dict[int, dict[str, int]] = {}
        for response in self._found.every(BALANCE):
            address, number = map(str, rpc_params(response.request))
            found.setdefault(int(number, 16), {})[address] = balance(response)
        return found

    def _by_first_param(self, endpoint: str) -> Mapping[object, ProviderResponse]:
        return {rpc_params(response.request)[0]: response for response in self._found.every(endpoint)}
