"""What execution nodes answered about the blocks of one window: blocks, receipts and balances by their keys.

Pure; asking is in `asking.py`, what a block paid whom in `payments.py`. A block without all its receipts is
not known.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.ethereum import execution_answers
from aurora_resources.providers.ethereum.beacon_answers import PayloadRef
from aurora_resources.providers.ethereum.execution import BALANCE, BLOCK, BLOCK_RECEIPTS, RECEIPT
from aurora_resources.providers.ethereum.execution_answers import (
    ExecutionBlock,
    Receipt,
    contradiction,
    receipts_of,
)
from aurora_resources.providers.json_rpc import rpc_params
from aurora_resources.providers.staged import Answers
from aurora_resources.records import ProviderResponse


class ExecutionResponses:
    """One execution node's answers about one window. Every reading may raise PayloadError."""

    def __init__(self, found: Answers) -> None:
        self.provider = found.provider
        self._found = found

    def block(self, inside: PayloadRef) -> tuple[ExecutionBlock, Mapping[str, Receipt]] | None:
        """The block of a beacon block's payload with its receipts; None when they are not all there.

        Raises PayloadError when it is not the block that the beacon chain has.
        """
        payload = self._blocks.get(inside.block_hash)
        if payload is None:
            return None
        found = execution_answers.block(payload)
        if problem := contradiction(found, inside):
            raise unexpected(payload, problem)
        rows = self._receipts(found)
        if rows is None:
            return None
        endpoint = BLOCK_RECEIPTS if found.hash in self._whole_receipts else RECEIPT
        return found, receipts_of(found, self.provider, rows, endpoint)

    def changes(self, block_number: int) -> Mapping[str, tuple[int, int]]:
        """By address the balance before and after a block, in wei, where both were told."""
        before, after = self._balances.get(block_number - 1, {}), self._balances.get(block_number, {})
        return {
            address: (before[address], balance) for address, balance in after.items() if address in before
        }

    def _receipts(self, found: ExecutionBlock) -> Sequence[Receipt] | None:
        whole = self._whole_receipts.get(found.hash)
        if whole is not None:
            return execution_answers.receipts(whole)
        single = [self._single_receipts.get(transaction.hash) for transaction in found.transactions]
        known = [execution_answers.receipt(payload) for payload in single if payload is not None]
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
        for payload in self._found.every(BALANCE):
            address, number = map(str, rpc_params(payload.question))
            found.setdefault(int(number, 16), {})[address] = execution_answers.balance(payload)
        return found

    def _by_first_param(self, endpoint: str) -> Mapping[object, ProviderResponse]:
        return {rpc_params(payload.question)[0]: payload for payload in self._found.every(endpoint)}
