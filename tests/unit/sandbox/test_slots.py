"""Blocks laid out slot by slot add up to what the world says of each identity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_sandbox.solana.slots import EpochSlots, lay_out
from aurora_sandbox.solana.world import LeaderShare


def fees_of(layout: EpochSlots, identity: str) -> int:
    return sum(fee for leader, fee in layout.fees.values() if leader == identity)


@given(
    shares=st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 10**15)), min_size=1, max_size=5
    )
)
def test_slots_blocks_and_fees_sum_to_the_shares(shares: list[tuple[int, int, int]]) -> None:
    leaders = [
        LeaderShare(f"id{i}", assigned, min(assigned, produced), fees if min(assigned, produced) else 0)
        for i, (assigned, produced, fees) in enumerate(shares)
    ]
    layout = lay_out(leaders, 432, "seed")
    for leader in leaders:
        slots, blocks = layout.schedule[leader.identity], layout.produced_by[leader.identity]
        assert len(slots) == len(set(slots)) == leader.leader_slots
        assert len(blocks) == leader.blocks_produced
        assert set(blocks) <= set(slots) & set(layout.produced)
        assert set(slots) - set(blocks) == set(slots) - set(layout.produced)
        assert fees_of(layout, leader.identity) == leader.block_fees
    assert sum(len(slots) for slots in layout.schedule.values()) == len(
        {slot for slots in layout.schedule.values() for slot in slots}
    )


def test_leaders_come_in_groups_of_four() -> None:
    layout = lay_out([LeaderShare("a", 8, 8, 80), LeaderShare("b", 4, 2, 20)], 432, "seed")
    for slots in layout.schedule.values():
        assert all(slots[i] % 4 == 0 and slots[i + 3] == slots[i] + 3 for i in range(0, len(slots), 4))


def test_a_seed_gives_the_same_layout_and_another_seed_another() -> None:
    shares = [LeaderShare("a", 40, 30, 10**9)]
    assert lay_out(shares, 432, "x") == lay_out(shares, 432, "x")
    assert lay_out(shares, 432, "x").schedule != lay_out(shares, 432, "y").schedule


def test_an_epoch_without_known_leaders_still_has_blocks_and_skips() -> None:
    layout = lay_out((), 432, "")
    assert layout.schedule == {}
    assert 400 < len(layout.produced) < 432


def test_more_leaders_than_slots_are_refused() -> None:
    with pytest.raises(ValueError, match="9 groups"):
        lay_out([LeaderShare("a", 36, 36, 1)], 32, "seed")
