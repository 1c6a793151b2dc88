"""Rate and concurrency, as the provider sees them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
import pytest

from aurora_resources.records import ProviderRequest

if TYPE_CHECKING:
    from tests.integration.http.conftest import Reply, Server, Stage


def arrivals(
    stage: Stage, provider_request: ProviderRequest, requests: int, *replies: Reply, **settings: object
) -> Server:
    """Ask `requests` times at once; the server, which noted when each request came."""

    async def fetch() -> Server:
        async with stage(*replies, **settings) as (client, server):
            async with anyio.create_task_group() as tasks:
                for _ in range(requests):
                    tasks.start_soon(client.fetch, provider_request)
            assert len(server.asked) == requests
            return server

    return anyio.run(fetch)


def test_parallel_requests_share_one_rate(stage: Stage, provider_request: ProviderRequest) -> None:
    started = time.monotonic()
    server = arrivals(stage, provider_request, 25, {}, rate_limit=20.0, concurrency=10)
    # Counted from before the first request: a busy machine makes requests arrive late, never early.
    times = sorted(asked.at - started for asked in server.asked)
    assert times[-1] >= 23 / 20 * 0.95, "25 requests at 20/s, two of them in the first burst"
    for number, at in enumerate(times, start=1):
        assert number <= 20 * at + 4, f"{number} requests within {at} s"
    assert times[-1] < 20, "and it does not dawdle"


def test_a_rate_below_one_a_second_works(stage: Stage, provider_request: ProviderRequest) -> None:
    started = time.monotonic()
    server = arrivals(stage, provider_request, 3, {}, rate_limit=0.8)
    times = sorted(asked.at - started for asked in server.asked)
    assert all(at >= 1.15 * number for number, at in enumerate(times)), times
    assert times[-1] < 20


def test_retries_keep_to_the_rate_too(stage: Stage, provider_request: ProviderRequest) -> None:
    async def fetch() -> None:
        retry = {"attempts": 4, "base_seconds": 0.001, "cap_seconds": 0.002}
        async with stage(
            {"status": 503}, {"status": 503}, {"status": 503}, {}, rate_limit=5.0, retry=retry
        ) as (
            client,
            server,
        ):
            started = time.monotonic()
            await client.fetch(provider_request)
            assert server.asked[-1].at - started >= 0.55

    anyio.run(fetch)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_requests_at_once_than_configured(
    stage: Stage, provider_request: ProviderRequest, concurrency: int
) -> None:
    server = arrivals(stage, provider_request, 12, {"delay": 0.05}, concurrency=concurrency)
    assert server.most_under_way == concurrency


def test_a_cancelled_question_gives_its_slot_back(stage: Stage, provider_request: ProviderRequest) -> None:
    async def fetch() -> None:
        async with stage({"delay": 30.0}, {}, concurrency=1) as (client, _):
            with anyio.move_on_after(0.1) as scope:
                await client.fetch(provider_request)
            assert scope.cancelled_caught
            with anyio.fail_after(25):  # the other request would have taken 30 s
                assert (await client.fetch(provider_request)).status == 200

    anyio.run(fetch)
