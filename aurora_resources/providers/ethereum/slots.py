"""Which slots hold a block of the chain and which are empty, with proof: asking, and reading what was asked.

A 404 for a header is no proof: a node that has pruned its history answers the same. A slot is empty when the
next block of the chain names a parent from before that slot; the headers of both are asked for and kept.
Rewards of a slot go the same way: without a proof of emptiness their 404 stays a failure.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from aurora_resources.errors import HistoryUnavailable, NotYetAvailable, RefusedByProvider
from aurora_resources.http.statuses import NOT_FOUND
from aurora_resources.providers.concurrently import for_each
from aurora_resources.providers.ethereum.beacon import HEADER, Beacon, BlockId, Header, header
from aurora_resources.records import Fetcher, ProviderResponse

LONGEST_GAP_SLOTS: Final = 256
"""No finalised stretch of mainnet is without a block for as long; who answers so is not followed."""


class SlotFacts:
    """The headers that were answered: which slots hold a block, and which are empty for certain."""

    def __init__(self, answered: Iterable[ProviderResponse]) -> None:
        """`answered` are payloads of HEADER requests. Raises PayloadError for one of another shape."""
        known = [found for found in map(header, answered) if found.canonical]
        self._by_root = {found.root: found for found in known}
        self._by_slot = {found.slot: found for found in known}
        self._slots = sorted(self._by_slot)

    def header_at(self, slot: int) -> Header | None:
        """The block of the chain at `slot`; None when it is empty, or not known."""
        return self._by_slot.get(slot)

    def is_empty(self, slot: int) -> bool:
        """Whether it is proven that no block of the chain is at `slot`."""
        after = bisect_right(self._slots, slot)
        if slot in self._by_slot or after == len(self._slots):
            return False
        parent = self._by_root.get(self._by_slot[self._slots[after]].parent_root)
        return parent is not None and parent.slot < slot


async def fetch_slot(fetcher: Fetcher, node: Beacon, slot: int) -> Header | None:
    """The block of the chain at a finalised `slot`, or None once it is proven that there is none.

    Raises ProviderError, also when the node can give neither a block nor the proof.
    """
    found = await _fetch_header(fetcher, node, slot)
    if found is not None:
        return found
    later = await _first_after(fetcher, node, slot)
    while later.slot > slot:
        parent = await _fetch_header(fetcher, node, later.parent_root)
        if parent is None:
            raise HistoryUnavailable(
                f"no block at slot {slot}, and no header of {later.parent_root}, the parent of the block at "
                f"slot {later.slot}: this node does not hold that history; configure one with an archive",
                provider=node.provider,
                endpoint=HEADER,
                status=NOT_FOUND,
            )
        later = parent
    return later if later.slot == slot else None


async def fetch_duties(fetcher: Fetcher, node: Beacon, epochs: Sequence[int]) -> list[ProviderResponse]:
    """Ask who was to propose in each of `epochs`: version 2, or version 1 where the node has no other.

    Raises ProviderError.
    """
    if not epochs:
        return []
    first, newest = await _fetch_duties_of(fetcher, node, epochs[0], (2, 1))
    versions: tuple[Literal[1, 2], ...] = (2, 1) if newest else (1,)

    async def of(epoch: int) -> ProviderResponse:
        return (await _fetch_duties_of(fetcher, node, epoch, versions))[0]

    return [first, *await for_each(of, epochs[1:])]


async def fetch_sync_rewards(
    fetcher: Fetcher, node: Beacon, slots: Iterable[int], members: Sequence[int]
) -> None:
    """Ask for the sync rewards of `members` at each of `slots`, all finalised and of one committee.

    An empty slot pays no reward, but emptiness is proven, not assumed. Raises ProviderError, also when the
    node has the block and not its rewards.
    """

    async def at(slot: int) -> None:
        try:
            for request in node.sync_rewards(slot, members):
                await fetcher.fetch(request)
        except HistoryUnavailable:
            if await fetch_slot(fetcher, node, slot) is not None:
                raise

    await for_each(at, slots)


async def _fetch_header(fetcher: Fetcher, node: Beacon, block: BlockId) -> Header | None:
    try:
        found = header(await fetcher.fetch(node.header(block)))
    except NotYetAvailable as problem:
        if problem.status != NOT_FOUND:
            raise
        return None
    return found if found.canonical else None


async def _first_after(fetcher: Fetcher, node: Beacon, slot: int) -> Header:
    for later in range(slot + 1, slot + 1 + LONGEST_GAP_SLOTS):
        found = await _fetch_header(fetcher, node, later)
        if found is not None:
            return found
    raise HistoryUnavailable(
        f"no block at slot {slot} nor at any of the {LONGEST_GAP_SLOTS} after it: this node does not hold "
        "that history; configure one with an archive",
        provider=node.provider,
        endpoint=HEADER,
        status=NOT_FOUND,
    )


async def _fetch_duties_of(
    fetcher: Fetcher, node: Beacon, epoch: int, versions: Sequence[Literal[1, 2]]
) -> tuple[ProviderResponse, bool]:
    """The answer, and whether the newest version gave it."""
    *newer, oldest = versions
    for version in newer:
        try:
            return await fetcher.fetch(node.proposer_duties(epoch, version)), True
        except (HistoryUnavailable, RefusedByProvider):
            continue
    return await fetcher.fetch(node.proposer_duties(epoch, oldest)), False
