"""Questions to an execution node (JSON-RPC over one URL), and what its failures mean.

`base_url` is the node's whole address, path and key included; the path of a question is empty. Answers are
read in `execution_answers.py`. Blocks are asked for by the hash that the beacon chain names, so that no fork
can come between; what is found that way never changes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import httpx
import msgspec

from aurora_resources.errors import (
    HistoryUnavailable,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.ethereum.execution_answers import ExecutionBlock, block
from aurora_resources.providers.ethereum.quantities import hex_quantity
from aurora_resources.providers.json_rpc import Failure, failure
from aurora_resources.records import Fetcher, Json, ProviderRequest, ProviderResponse

CHAIN_ID: Final = "eth_chainId"
BLOCK: Final = "eth_getBlockByHash"
BLOCK_RECEIPTS: Final = "eth_getBlockReceipts"
RECEIPT: Final = "eth_getTransactionReceipt"
BALANCE: Final = "eth_getBalance"


@dataclass(frozen=True, slots=True)
class Execution:
    """The questions one execution node can be asked; `provider` is its name in `providers.yaml`."""

    provider: str

    def chain_id(self) -> ProviderRequest:
        """eth_chainId: which network the node is on."""
        return self._question(CHAIN_ID, [])

    def block(self, block_hash: str) -> ProviderRequest:
        """eth_getBlockByHash with whole transactions: up to half a megabyte."""
        return self._question(BLOCK, [block_hash, True], immutable=True)

    def block_receipts(self, block_hash: str) -> ProviderRequest:
        """eth_getBlockReceipts: the receipts of a whole block; not every node offers it."""
        return self._question(BLOCK_RECEIPTS, [block_hash], immutable=True)

    def receipt(self, transaction_hash: str) -> ProviderRequest:
        """eth_getTransactionReceipt: one receipt, where the block's cannot be had at once."""
        return self._question(RECEIPT, [transaction_hash], immutable=True)

    def balance(self, address: str, block_number: int) -> ProviderRequest:
        """eth_getBalance after a finalised block, in wei; older ones need an archive node."""
        return self._question(BALANCE, [address, hex_quantity(block_number)], immutable=True)

    def _question(self, method: str, params: Sequence[Json], *, immutable: bool = False) -> ProviderRequest:
        body: dict[str, Json] = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return ProviderRequest(self.provider, method, "POST", "", body=body, immutable=immutable)


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
    question: ProviderRequest, status: int, _headers: httpx.Headers, body: bytes
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
            provider=question.provider,
            endpoint=question.endpoint,
            status=status,
        )
    kind, remedy = _meaning(error)
    return kind(
        f"{error.message} (code {error.code}): {remedy}",
        provider=question.provider,
        endpoint=question.endpoint,
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
