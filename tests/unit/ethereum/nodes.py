"""Nodes and relays that answer as real ones do, from a small chain; failures are classified."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import httpx

from aurora_resources.errors import RefusedByProvider
from aurora_resources.http.client import Classify
from aurora_resources.http.statuses import NOT_FOUND, error_of_status, not_found
from aurora_resources.providers.ethereum.beacon import HEADER, SYNC_REWARDS, classify_beacon
from aurora_resources.providers.ethereum.execution import BLOCK, BLOCK_RECEIPTS, classify_execution
from aurora_resources.providers.json_rpc import rpc_params
from aurora_resources.records import ProviderRequest, ProviderResponse

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def root_of(slot: int) -> str:
    """The root of the block at a slot."""
    return f"0x{slot:064x}"


class Keeping:
    """Keeps what was asked and answered; understands failures as the HTTP client does."""

    def __init__(self, classify: Classify | None) -> None:
        self._classify = classify
        self.asked: list[ProviderRequest] = []
        self.kept: list[ProviderResponse] = []

    def reply(self, question: ProviderRequest, status: int, said: object) -> ProviderResponse:
        body = json.dumps(said).encode()
        error = error_of_status(question, status, httpx.Headers(), "", NOW)
        if error is None and self._classify is not None:
            error = self._classify(question, status, httpx.Headers(), body)
        if error is None and status == NOT_FOUND:
            error = not_found(question, "")
        if error is not None:
            raise error
        payload = ProviderResponse(question, status, body, NOW)
        self.kept.append(payload)
        return payload


class BeaconNode(Keeping):
    """A beacon node with blocks at `slots`; it has pruned what is before `first_kept`."""

    def __init__(
        self, slots: Iterable[int], *, first_kept: int = 0, has_rewards: bool = True, has_v2: bool = True
    ) -> None:
        super().__init__(classify_beacon)
        self._slots = sorted(slots)
        self._first_kept, self._has_rewards, self._has_v2 = first_kept, has_rewards, has_v2

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        self.asked.append(question)
        last = question.path.rpartition("/")[2]
        if question.endpoint == HEADER:
            return self._header(question, int(last, 16 if last.startswith("0x") else 10))
        if question.endpoint == SYNC_REWARDS:
            return self._sync(question, int(last))
        if "/v2/" in question.path and not self._has_v2:
            return self.reply(question, 404, {"code": 404, "message": "Not found"})
        return self.reply(question, 200, {"execution_optimistic": False, "data": []})

    def _header(self, question: ProviderRequest, slot: int) -> ProviderResponse:
        if slot not in self._slots or slot < self._first_kept:
            return self.reply(question, 404, {"code": 404, "message": "Block not found"})
        earlier = [other for other in self._slots if other < slot]
        message = {
            "slot": str(slot),
            "proposer_index": "7",
            "parent_root": root_of(earlier[-1] if earlier else 0),
        }
        data = {"root": root_of(slot), "canonical": True, "header": {"message": message}}
        return self.reply(question, 200, {"finalized": True, "data": data})

    def _sync(self, question: ProviderRequest, slot: int) -> ProviderResponse:
        if slot not in self._slots or not self._has_rewards:
            return self.reply(question, 404, {"code": 404, "message": f"missing state at slot {slot}"})
        members = question.body if isinstance(question.body, list) else []
        rows = [{"validator_index": index, "reward": "22456"} for index in members]
        return self.reply(question, 200, {"finalized": True, "data": rows})


class DataRelay(Keeping):
    """A relay that delivered blocks at `slots`; pages as the reference implementation does."""

    def __init__(self, slots: Iterable[int], *, most_rows: int = 200, gives: int = 200) -> None:
        super().__init__(None)
        self._slots = sorted(slots, reverse=True)
        self._most_rows, self._gives = most_rows, gives

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        self.asked.append(question)
        query = dict(question.query)
        limit = int(query.get("limit", "200"))
        if limit > self._most_rows:
            said = {"code": 400, "message": f"maximum limit is {self._most_rows}"}
            return self.reply(question, 400, said)
        if "slot" in query:
            found = [slot for slot in self._slots if slot == int(query["slot"])]
        else:
            found = [slot for slot in self._slots if slot <= int(query["cursor"])]
        return self.reply(question, 200, [delivery(slot) for slot in found[: min(limit, self._gives)]])


def delivery(slot: int) -> dict[str, object]:
    """A relay's row."""
    return {
        "slot": str(slot),
        "block_hash": root_of(slot),
        "builder_pubkey": "0xbb",
        "proposer_pubkey": "0xAA",
        "proposer_fee_recipient": "0xCC",
        "value": str(slot * 10**18),
    }


class ExecutionNode(Keeping):
    """An execution node with one block of transfers; `whole` says that it gives receipts at once."""

    def __init__(self, block_hash: str, transactions: int, *, whole: bool = True) -> None:
        super().__init__(classify_execution)
        self._hash, self._transactions, self._whole = block_hash, transactions, whole

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        self.asked.append(question)
        first = rpc_params(question)[0]
        if question.endpoint == BLOCK:
            return self._result(question, self._block() if first == self._hash else None)
        if question.endpoint == BLOCK_RECEIPTS and not self._whole:
            failed = {"code": -32601, "message": "the method eth_getBlockReceipts does not exist"}
            return self.reply(question, 200, {"jsonrpc": "2.0", "id": 1, "error": failed})
        if question.endpoint == BLOCK_RECEIPTS:
            return self._result(question, [self._receipt(n) for n in range(self._transactions)])
        return self._result(question, self._receipt(int(str(first), 16)))

    def _result(self, question: ProviderRequest, result: object) -> ProviderResponse:
        return self.reply(question, 200, {"jsonrpc": "2.0", "id": 1, "result": result})

    def _block(self) -> dict[str, object]:
        rows = [
            {"hash": root_of(n), "from": "0xAA", "to": "0xBB", "value": hex(n)}
            for n in range(self._transactions)
        ]
        return {
            "hash": self._hash,
            "number": "0x10",
            "miner": "0xBB",
            "baseFeePerGas": "0x7",
            "gasUsed": hex(21_000 * self._transactions),
            "timestamp": "0x1",
            "transactions": rows,
        }

    def _receipt(self, number: int) -> dict[str, object]:
        return {
            "transactionHash": root_of(number),
            "blockHash": self._hash,
            "from": "0xAA",
            "gasUsed": "0x5208",
            "effectiveGasPrice": "0x9",
            "status": "0x1",
        }


class Refusing:
    """Whoever refuses everything."""

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        raise RefusedByProvider("no", provider=question.provider, endpoint=question.endpoint, status=400)
