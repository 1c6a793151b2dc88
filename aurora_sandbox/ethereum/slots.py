"""Every slot of a generated world: its proposer, and its block's roots, hashes and number, if there is one.

The contents of blocks are in `payloads.py`. Validators that are not tracked propose in all other slots.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aurora_sandbox.ethereum.cast import NETWORK_FIRST, NETWORK_SIZE, Member, network_validator
from aurora_sandbox.ethereum.keys import number, root
from aurora_sandbox.ethereum.spec import (
    GENESIS_TIME,
    SECONDS_PER_SLOT,
    EthereumSpec,
    Kind,
)

_FIRST_NUMBER: Final = 23_200_000
_EMPTY_PER_THOUSAND: Final = 8
_NO_BLOCK: Final = frozenset({"missed", "orphaned"})


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot. `member` and `kind` are set where a tracked validator proposes.

    `canonical` says whether the chain has a block here; an orphaned one has `root` and `hash`, too.
    `number` is the block's, or the one it would have had.
    """

    slot: int
    proposer_index: int
    proposer_pubkey: str
    member: int | None
    kind: Kind | None
    canonical: bool
    root: str
    parent_root: str
    hash: str
    parent_hash: str
    number: int

    @property
    def timestamp(self) -> int:
        """Start of the slot, Unix seconds."""
        return GENESIS_TIME + SECONDS_PER_SLOT * self.slot


def lay_slots(spec: EthereumSpec, members: Sequence[Member], covered: range) -> dict[int, Slot]:
    """The slots of a world by number."""
    ours = dict(_proposals(spec, covered))
    neighbours = {slot + step for slot in ours for step in (-1, 1)}
    found: dict[int, Slot] = {}
    parent_root, parent_hash = root(spec.seed, "before"), root(spec.seed, "payload", "before")
    block_number = _FIRST_NUMBER + number(100_000, spec.seed, "block-number")
    for slot in covered:
        kind, member = ours.get(slot, (None, None))
        empty = slot not in neighbours and number(1_000, spec.seed, "empty", slot) < _EMPTY_PER_THOUSAND
        canonical = kind not in _NO_BLOCK if kind is not None else not empty
        if member is None:
            proposer = network_validator(
                spec.seed, NETWORK_FIRST + number(NETWORK_SIZE, spec.seed, "proposer", slot)
            )
            index, key = proposer.index, proposer.pubkey
        else:
            index, key = members[member].index, members[member].pubkey
        row = Slot(
            slot, index, key, member, kind, canonical,
            root(spec.seed, "block", slot), parent_root,
            root(spec.seed, "payload", slot), parent_hash, block_number + 1,
        )  # fmt: skip
        found[slot] = row
        if canonical:
            parent_root, parent_hash, block_number = row.root, row.hash, row.number
    return found


def _proposals(spec: EthereumSpec, covered: range) -> Iterator[tuple[int, tuple[Kind, int]]]:
    """(slot, (kind, member)) of the tracked proposals; a slot without a block has blocks on both sides."""
    for window in range(spec.first, covered.stop // spec.window_slots + 1):
        planned = spec.planned(window)
        if not planned:
            continue
        gap = (spec.window_slots - 4) // len(planned)
        for place, (kind, member) in enumerate(planned):
            draw = number(max(gap - 3, 1), spec.seed, "place", window, place)
            yield spec.slots(window).start + 2 + place * gap + draw, (kind, member)
