"""Many things at a time: results in order, few waiting tasks, one plain error."""

import anyio
import pytest

from aurora_resources.errors import NotYetAvailable
from aurora_resources.providers.concurrently import WAITING_TASKS, for_each


def test_results_are_in_the_order_of_the_items() -> None:
    async def late(item: int) -> int:
        await anyio.sleep(0.001 * (item % 5))
        return item * item

    async def run() -> list[int]:
        return await for_each(late, range(300))

    assert anyio.run(run) == [item * item for item in range(300)]


def test_only_so_many_wait_at_once() -> None:
    waiting, most = 0, 0

    async def count(_: int) -> None:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        await anyio.sleep(0)
        waiting -= 1

    async def run() -> None:
        await for_each(count, range(1_000))

    anyio.run(run)
    assert 1 < most <= WAITING_TASKS


def test_the_first_error_is_raised_as_itself_and_stops_the_rest() -> None:
    begun: list[int] = []

    async def fail(item: int) -> None:
        begun.append(item)
        await anyio.sleep(0)
        if item == 3:
            raise NotYetAvailable("wait", provider="rpc", endpoint="getBlock")
        await anyio.sleep(60)

    async def run() -> None:
        await for_each(fail, range(1_000))

    with pytest.raises(NotYetAvailable, match="rpc getBlock: wait"):
        anyio.run(run)
    assert len(begun) == WAITING_TASKS
