"""MEV relays: what they say they delivered to proposers, in wei. A relay's word is a claim, not a payment.

One row a delivery; the same block stands at every relay it was fetched from, and a delivered block may be
missed or orphaned. So rows are joined with the chain by block hash and never summed: `claims_by_block` puts
the rows of one block together, `block_income.py` looks for the payment. Bids (builder_blocks_received) are no
deliveries, and are not requested.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from aurora_resources.errors import RefusedByProvider
from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.ethereum.quantities import DecimalUint, HexData, shape
from aurora_resources.records import Fetcher, ProviderRequest, ProviderResponse

DELIVERED: Final = "GET proposer_payload_delivered"
PAGE_ROWS: Final = 200
"""The largest page of the reference relay; some allow fewer."""
SMALL_PAGE_ROWS: Final = 100

_PATH: Final = "/relay/v1/data/bidtraces/proposer_payload_delivered"


class RelayClaim(msgspec.Struct, frozen=True):
    """One delivery a relay claims: `value` wei for `recipient`, promised by the builder when it bid.

    `block_number` is missing on rows of the first version.
    """

    slot: DecimalUint
    block_hash: HexData
    builder_pubkey: HexData
    proposer_pubkey: HexData
    value: DecimalUint
    recipient: HexData = msgspec.field(name="proposer_fee_recipient")
    block_number: DecimalUint | None = None


@dataclass(frozen=True, slots=True)
class BlockClaims:
    """What all relays together say of one block: rows by relay, in the order of the relays' names."""

    block_hash: str
    by_relay: tuple[tuple[str, RelayClaim], ...]

    @property
    def relays(self) -> tuple[str, ...]:
        """The relays that claim to have delivered it, each once."""
        return tuple(dict.fromkeys(relay for relay, _ in self.by_relay))

    @property
    def values(self) -> tuple[int, ...]:
        """The different values claimed, in wei, the largest first; more than one is a contradiction."""
        return tuple(sorted({int(claim.value) for _, claim in self.by_relay}, reverse=True))

    @property
    def recipients(self) -> tuple[str, ...]:
        """The different addresses that were to be paid, in order."""
        return tuple(sorted({claim.recipient for _, claim in self.by_relay}))

    def of_proposer(self, pubkey: str, slot: int) -> "BlockClaims":
        """The rows that are about this proposer and slot; a row about another one is not evidence."""
        kept = [
            (relay, claim)
            for relay, claim in self.by_relay
            if claim.proposer_pubkey == pubkey and claim.slot == slot
        ]
        return BlockClaims(self.block_hash, tuple(kept))


@dataclass(frozen=True, slots=True)
class Relay:
    """The requests to one relay; `provider` is its name in `providers.yaml`."""

    provider: str

    def delivered_at(self, slot: int) -> ProviderRequest:
        """Deliveries for one slot: the block of the chain, and orphans. Slot 0 cannot be asked for."""
        return self._request(("slot", str(slot)))

    def delivered_of(self, block_hash: str) -> ProviderRequest:
        """Deliveries of one block; an empty list says that this relay did not deliver it."""
        return self._request(("block_hash", block_hash))

    def delivered_below(self, cursor: int, limit: int = PAGE_ROWS) -> ProviderRequest:
        """Deliveries at slot `cursor` and before, the latest slot first, `limit` rows at most."""
        return self._request(("cursor", str(cursor)), ("limit", str(limit)))

    def _request(self, *query: tuple[str, str]) -> ProviderRequest:
        # Never immutable: a row may be written late, so a relay is asked anew every time.
        return ProviderRequest(self.provider, DELIVERED, "GET", _PATH, query)


_delivered = shape(tuple[RelayClaim, ...])


def delivered(response: ProviderResponse) -> tuple[RelayClaim, ...]:
    """The rows of an answer. Raises PayloadError, also for a row that was not asked for."""
    rows = _delivered.read(response)
    asked = dict(response.request.query)
    for row in rows:
        if "slot" in asked and row.slot != int(asked["slot"]):
            raise unexpected(response, f"asked for slot {asked['slot']}, answered slot {row.slot}")
        if "block_hash" in asked and row.block_hash != asked["block_hash"].lower():
            raise unexpected(
                response, f"asked for block {asked['block_hash']}, answered block {row.block_hash}"
            )
        if "cursor" in asked and row.slot > int(asked["cursor"]):
            raise unexpected(response, f"asked for slots up to {asked['cursor']}, answered slot {row.slot}")
    return rows


def claims_by_block(found: Mapping[str, Iterable[RelayClaim]]) -> dict[str, BlockClaims]:
    """The rows of all relays (by name), put together by block hash; a row repeated by its relay counts once.

    Two rows of one relay about one block with different values both stay: they contradict each other.
    """
    rows: dict[str, list[tuple[str, RelayClaim]]] = {}
    for relay in sorted(found):
        for claim in dict.fromkeys(found[relay]):
            rows.setdefault(claim.block_hash, []).append((relay, claim))
    return {block_hash: BlockClaims(block_hash, tuple(claims)) for block_hash, claims in rows.items()}


class Coverage:
    """Which slots a relay has answered for, whether it delivered anything there or not; `slot in coverage`.

    A page of a scan answers for the slots above its lowest row, down to the first slot of all when it shows
    nothing below its cursor; its lowest slot may go on in the next page, which begins with it.
    """

    def __init__(self, answered: Iterable[ProviderResponse]) -> None:
        """`answered` are payloads of DELIVERED requests of one relay. Raises PayloadError."""
        self._slots: set[int] = set()
        self._spans: list[range] = []
        for response in answered:
            asked = dict(response.request.query)
            if "slot" in asked:
                self._slots.add(int(asked["slot"]))
            elif "cursor" in asked:
                cursor = int(asked["cursor"])
                lowest = min((int(row.slot) for row in delivered(response)), default=cursor)
                self._spans.append(range(0 if lowest == cursor else lowest + 1, cursor + 1))

    def __contains__(self, slot: int) -> bool:
        return slot in self._slots or any(slot in span for span in self._spans)


def scan_is_cheaper(requests: int, slots: int) -> bool:
    """Whether paging through `slots` slots takes fewer requests to a relay than asking `requests` of them.

    Reckoned for a relay that delivered every slot, the most there can be.
    """
    return requests > -(-slots // PAGE_ROWS) + 1


async def fetch_delivered(fetcher: Fetcher, relay: Relay, slots: Iterable[int]) -> None:
    """Ask a relay what it delivered at each of `slots`: one by one, or all between them where that is less.

    Raises ProviderError.
    """
    wanted = sorted(set(slots))
    if wanted and scan_is_cheaper(len(wanted), wanted[-1] - wanted[0] + 1):
        await scan_delivered(fetcher, relay, wanted[0], wanted[-1])
        return
    for response in await fetch_all(fetcher, map(relay.delivered_at, wanted)):
        delivered(response)


async def scan_delivered(fetcher: Fetcher, relay: Relay, first_slot: int, last_slot: int) -> None:
    """Page through all deliveries of the slots `first_slot` to `last_slot`, both included.

    A cursor is inclusive, so that pages overlap in one slot. The end is a page that reaches before
    `first_slot`, or that shows nothing below its cursor: a short page alone is no end, for a relay may give
    fewer rows than it was asked for. Raises ProviderError, and PayloadError for a relay that stands still.
    """
    cursor, limit = last_slot, PAGE_ROWS
    while cursor >= first_slot:
        try:
            page = await fetcher.fetch(relay.delivered_below(cursor, limit))
        except RefusedByProvider:
            if limit == SMALL_PAGE_ROWS:
                raise
            limit = SMALL_PAGE_ROWS
            continue
        rows = delivered(page)
        if not rows:
            return
        lowest = min(row.slot for row in rows)
        if lowest != rows[-1].slot:
            raise unexpected(page, "rows are not in descending order of slots")
        if lowest == cursor:
            if len(rows) >= limit:
                raise unexpected(page, f"a full page of slot {cursor} alone: paging makes no progress")
            return
        cursor = lowest
