"""The count that workers share: over a socket, with nothing blocked, and none of it mixed up."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from aurora_api.access.rates import Allowance, RateLimits
from aurora_api.problems import Code, Problem
from aurora_api.service.shared_rates import SharedRateLimits, serve_rates


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: a socket's is limited to about 100 characters."""
    with tempfile.TemporaryDirectory(prefix="rates-") as made:
        yield Path(made)


def test_two_workers_count_as_one(folder: Path) -> None:
    async def count() -> list[bool]:
        workers = [SharedRateLimits(folder), SharedRateLimits(folder)]
        allowed = [(await workers[number % 2].count_request(7)).allowed for number in range(6)]
        for worker in workers:
            await worker.close()
        return allowed

    with serve_rates(RateLimits(requests_per_hour=4, logins_per_minute=1), folder):
        assert anyio.run(count) == [True] * 4 + [False] * 2


def test_addresses_and_users_are_counted_apart_and_calls_at_once_get_their_own_answers(folder: Path) -> None:
    async def count() -> dict[int, list[int]]:
        shared = SharedRateLimits(folder)
        left: dict[int, list[int]] = {1: [], 2: []}

        async def ask(user_id: int) -> None:
            left[user_id].append((await shared.count_request(user_id)).remaining)

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ask, 1)
                group.start_soon(ask, 2)
        assert (await shared.count_login("192.0.2.1")).name == "login"
        await shared.close()
        return left

    with serve_rates(RateLimits(requests_per_hour=10), folder):
        assert anyio.run(count) == {1: [9, 8, 7], 2: [9, 8, 7]}


class Stuck:
    """Counts nothing for user 1, ever; user 2 is allowed."""

    async def count_login(self, address: str) -> Allowance:
        raise NotImplementedError(address)

    async def count_request(self, user_id: int) -> Allowance:
        if user_id == 1:
            await anyio.sleep_forever()
        return Allowance("user", allowed=True, limit=user_id, window_seconds=1, remaining=1, resets_seconds=1)

    async def close(self) -> None:
        """Nothing is open."""


def test_a_call_that_was_given_up_blocks_nothing_and_its_answer_is_nobody_elses(folder: Path) -> None:
    async def count() -> int:
        shared = SharedRateLimits(folder)
        with anyio.move_on_after(0.05) as given_up:
            await shared.count_request(1)
        assert given_up.cancelled_caught
        answer = await shared.count_request(2)
        await shared.close()
        return answer.limit

    with serve_rates(Stuck(), folder):
        assert anyio.run(count) == 2


def test_when_nobody_counts_the_caller_is_told_to_try_again(folder: Path) -> None:
    async def count(shared: SharedRateLimits) -> None:
        await shared.count_request(1)

    with serve_rates(RateLimits(), folder):
        pass
    with pytest.raises(Problem, match="cannot be counted at present") as refused:
        anyio.run(count, SharedRateLimits(folder))
    assert refused.value.code is Code.UNAVAILABLE
