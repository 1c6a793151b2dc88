"""Which slots of an epoch have which leader, which produced a block, and the fee of each block.

Laid out deterministically from the totals a world gives per identity, so that RPC's blocks sum to exactly
those totals. Rewards paid in blocks are in `chain.py`.
"""

import random
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from aurora_sandbox.solana.world import SLOTS_PER_LEADER, LeaderShare, groups_needed

_UNLED_SKIP_CYCLE: Final = 61
_UNLED_SKIP_AT: Final = 17


@dataclass(frozen=True, slots=True)
class EpochSlots:
    """The slots of one epoch as indexes from its start.

    `schedule` and `produced_by` are by identity, ascending; `produced` are all blocks, ascending; `fees` is
    (identity, lamports) by index, without blocks that have no fees. An identity whose leader slots the
    world does not know is in none of them; its slots have no named leader.
    """

    size: int
    produced: list[int]
    schedule: dict[str, list[int]] = field(default_factory=dict)
    produced_by: dict[str, list[int]] = field(default_factory=dict)
    fees: dict[int, tuple[str, int]] = field(default_factory=dict)

    def position(self, index: int) -> int | None:
        """How many blocks of the epoch precede the one at `index`; None if there is no block."""
        place = bisect_left(self.produced, index)
        return place if place < len(self.produced) and self.produced[place] == index else None


def lay_out(shares: Iterable[LeaderShare], size: int, seed: str) -> EpochSlots:
    """Place leaders in groups of four slots, skip what they did not produce, and spread their fees.

    `seed` determines the layout, so the same world always has the same blocks. Raises ValueError if the
    shares need more groups than the epoch has.
    """
    shares = tuple(shares)
    draw = random.Random(seed)  # noqa: S311 - a layout, not a secret
    groups = list(range(size // SLOTS_PER_LEADER))
    needed = groups_needed(shares)
    if needed > len(groups):
        raise ValueError(
            f"leaders need {needed} groups of {SLOTS_PER_LEADER} slots and there are {len(groups)}"
        )
    if shares:
        draw.shuffle(groups)
    layout = EpochSlots(size, [])
    missing: set[int] = set()
    led: set[int] = set()
    taken = 0
    for share in shares:
        count = -(-share.leader_slots // SLOTS_PER_LEADER)
        own = sorted(groups[taken : taken + count])
        taken += count
        slots = [group * SLOTS_PER_LEADER + offset for group in own for offset in range(SLOTS_PER_LEADER)]
        slots = slots[: share.leader_slots]
        skipped = set(draw.sample(slots, len(slots) - share.blocks_produced))
        blocks = [slot for slot in slots if slot not in skipped]
        layout.schedule[share.identity] = slots
        layout.produced_by[share.identity] = blocks
        layout.fees.update(_spread(share, blocks, draw))
        led.update(slots)
        missing |= skipped
    unled = (i for i in range(_UNLED_SKIP_AT, size, _UNLED_SKIP_CYCLE) if i not in led)
    missing.update(unled)
    layout.produced.extend(i for i in range(size) if i not in missing)
    return layout


def _spread(share: LeaderShare, blocks: list[int], draw: random.Random) -> dict[int, tuple[str, int]]:
    """The share's fees over its blocks by random weights; cumulative floors, so that they sum exactly."""
    weights = [draw.randrange(1, 10) for _ in blocks]
    total_weight = sum(weights)
    fees: dict[int, tuple[str, int]] = {}
    weight_so_far = paid_so_far = 0
    for block, weight in zip(blocks, weights, strict=True):
        weight_so_far += weight
        paid = share.block_fees * weight_so_far // total_weight
        if paid > paid_so_far:
            fees[block] = (share.identity, paid - paid_so_far)
        paid_so_far = paid
    return fees
