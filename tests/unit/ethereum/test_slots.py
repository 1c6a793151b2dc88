"""Empty slots are proven by their neighbours; a node without history is never taken for an empty chain."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import pytest

from aurora_resources.errors import HistoryUnavailable, ProviderError
from aurora_resources.providers.ethereum.beacon import DUTIES, HEADER, SYNC_REWARDS, Beacon
from aurora_resources.providers.ethereum.slots import SlotFacts, fetch_duties, fetch_slot, fetch_sync_rewards
from tests.unit.ethereum.nodes import BeaconNode, Refusing, root_of

T = TypeVar("T")
BEACON = Beacon("beacon")


def run(work: Callable[[], Awaitable[T]]) -> T:
    async def call() -> T:
        return await work()

    return anyio.run(call)


def facts(node: BeaconNode) -> SlotFacts:
    return SlotFacts(payload for payload in node.kept if payload.request.endpoint == HEADER)


def test_a_slot_with_a_block() -> None:
    node = BeaconNode([10, 11, 12])
    found = run(lambda: fetch_slot(node, BEACON, 11))
    assert found is not None
    assert found.root == root_of(11)
    assert (facts(node).header_at(11), facts(node).is_empty(11)) == (found, False)
    assert len(node.asked) == 1


@pytest.mark.parametrize("slots", [[10, 12], [9, 14], [10, 15, 16]])
def test_an_empty_slot_is_proven_by_the_blocks_around_it(slots: list[int]) -> None:
    node = BeaconNode(slots)
    assert run(lambda: fetch_slot(node, BEACON, 11)) is None
    assert facts(node).is_empty(11)
    assert facts(node).header_at(11) is None


def test_without_the_parent_nothing_is_proven() -> None:
    node = BeaconNode([10, 12], first_kept=12)
    with pytest.raises(HistoryUnavailable, match="configure one with an archive"):
        run(lambda: fetch_slot(node, BEACON, 11))
    assert not facts(node).is_empty(11)


def test_a_node_that_knows_no_block_at_all_is_not_followed_for_ever() -> None:
    node = BeaconNode([])
    with pytest.raises(HistoryUnavailable, match="256 after it"):
        run(lambda: fetch_slot(node, BEACON, 11))
    assert len(node.asked) == 257


def test_unknown_slots_are_neither_empty_nor_filled() -> None:
    node = BeaconNode([10, 12])
    run(lambda: fetch_slot(node, BEACON, 10))
    assert not facts(node).is_empty(11)
    assert not facts(node).is_empty(9)


def test_sync_rewards_skip_proven_gaps_only() -> None:
    node = BeaconNode([10, 12, 13])
    run(lambda: fetch_sync_rewards(node, BEACON, range(10, 14), [5, 6]))
    paid = [payload for payload in node.kept if payload.request.endpoint == SYNC_REWARDS]
    assert sorted(payload.request.path[-2:] for payload in paid) == ["10", "12", "13"]
    assert facts(node).is_empty(11)


def test_a_block_without_rewards_is_a_node_without_history() -> None:
    node = BeaconNode([10, 11], has_rewards=False)
    with pytest.raises(HistoryUnavailable, match="nothing is counted as zero"):
        run(lambda: fetch_sync_rewards(node, BEACON, [10], [5]))


@pytest.mark.parametrize(("has_v2", "asked"), [(True, 3), (False, 4)])
def test_duties_of_version_one_where_there_is_no_other(*, has_v2: bool, asked: int) -> None:
    node = BeaconNode([], has_v2=has_v2)
    answered = run(lambda: fetch_duties(node, BEACON, [1, 2, 3]))
    assert [payload.request.path[-1] for payload in answered] == ["1", "2", "3"]
    assert len(node.asked) == asked
    assert {question.endpoint for question in node.asked} == {DUTIES}


def test_no_duties_at_all_is_a_failure() -> None:
    with pytest.raises(ProviderError):
        run(lambda: fetch_duties(Refusing(), BEACON, [1]))
    assert run(lambda: fetch_duties(Refusing(), BEACON, [])) == []
