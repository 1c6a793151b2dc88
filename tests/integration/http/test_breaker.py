"""When requests to a provider are paused, and when they resume."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from aurora_resources.errors import (
    CircuitOpen,
    HistoryUnavailable,
    NotYetAvailable,
    PayloadError,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.http.client import ProviderClient
from aurora_resources.records import ProviderRequest

if TYPE_CHECKING:
    from tests.integration.http.conftest import Stage

ONCE = {"attempts": 1}
PAUSE = 1.5  # long against what a busy machine delays a request that is refused without asking


async def fail(
    client: ProviderClient, provider_request: ProviderRequest, kind: type[ProviderError]
) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await client.fetch(provider_request)
    assert type(caught.value) is kind
    return caught.value


def test_it_opens_after_failures_in_a_row_and_says_until_when(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    async def fetch() -> None:
        breaker = {"failures": 3, "pause_seconds": 30.0}
        async with stage({"status": 503, "body": b"down"}, retry=ONCE, breaker=breaker) as (client, server):
            for _ in range(3):
                await fail(client, provider_request, TransientProviderError)
            error = await fail(client, provider_request, CircuitOpen)
            assert len(server.asked) == 3, "an open breaker sends nothing"
            assert "3 requests in a row" in str(error)
            assert "HTTP 503" in str(error), "the last failure is told"
            told = re.search(r"try again after (.{19}) UTC", str(error))
            assert told is not None
            left = datetime.fromisoformat(told[1]).replace(tzinfo=UTC) - datetime.now(UTC)
            assert timedelta(seconds=25) < left <= timedelta(seconds=31)

    anyio.run(fetch)


def test_waiting_requests_are_not_sent_after_it_opened(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    async def fetch() -> None:
        breaker = {"failures": 2, "pause_seconds": 30.0}
        async with stage({"status": 500}, retry=ONCE, breaker=breaker, concurrency=1) as (client, server):
            refused = []

            async def one() -> None:
                with pytest.raises(ProviderError) as caught:
                    await client.fetch(provider_request)
                refused.append(type(caught.value))

            async with anyio.create_task_group() as tasks:
                for _ in range(6):
                    tasks.start_soon(one)
            assert len(server.asked) == 2
            assert refused.count(CircuitOpen) == 4

    anyio.run(fetch)


def test_a_success_in_between_starts_the_count_again(stage: Stage, provider_request: ProviderRequest) -> None:
    async def fetch() -> None:
        down, up = {"status": 500}, {"status": 200}
        breaker = {"failures": 2, "pause_seconds": 30.0}
        async with stage(down, up, down, up, down, up, retry=ONCE, breaker=breaker) as (client, _):
            for _ in range(3):
                await fail(client, provider_request, TransientProviderError)
                await client.fetch(provider_request)

    anyio.run(fetch)


def test_retries_that_help_are_no_failures(stage: Stage, provider_request: ProviderRequest) -> None:
    async def fetch() -> None:
        replies = [{"status": 503}, {"status": 503}, {}] * 4
        async with stage(*replies, breaker={"failures": 1, "pause_seconds": 30.0}) as (client, server):
            for _ in range(4):
                await client.fetch(provider_request)
            assert len(server.asked) == 12

    anyio.run(fetch)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, NotYetAvailable),
        (401, RefusedByProvider),
        (400, RefusedByProvider),
        (429, TransientProviderError),
    ],
)
def test_a_provider_that_answers_is_alive(
    stage: Stage, provider_request: ProviderRequest, status: int, kind: type[ProviderError]
) -> None:
    async def fetch() -> None:
        async with stage({"status": status}, retry=ONCE, breaker={"failures": 2}) as (client, server):
            for _ in range(5):
                await fail(client, provider_request, kind)
            assert len(server.asked) == 5

    anyio.run(fetch)


@pytest.mark.parametrize("kind", [NotYetAvailable, HistoryUnavailable, RefusedByProvider, PayloadError])
def test_the_adapters_verdict_on_the_chain_is_no_failure_of_the_provider(
    stage: Stage, provider_request: ProviderRequest, kind: type[ProviderError]
) -> None:
    def classify(
        provider_request: ProviderRequest, status: int, headers: httpx.Headers, body: bytes
    ) -> ProviderError | None:
        return kind("not there", provider="jito", endpoint=provider_request.endpoint)

    async def fetch() -> None:
        settings = {"client": {"classify": classify}, "retry": ONCE, "breaker": {"failures": 2}}
        async with stage({}, **settings) as (client, server):
            for _ in range(5):
                await fail(client, provider_request, kind)
            assert len(server.asked) == 5

    anyio.run(fetch)


def test_after_the_pause_a_good_answer_closes_it(stage: Stage, provider_request: ProviderRequest) -> None:
    async def fetch() -> None:
        down, breaker = {"status": 500}, {"failures": 2, "pause_seconds": PAUSE}
        async with stage(down, down, {}, down, {}, retry=ONCE, breaker=breaker) as (client, server):
            for kind in (TransientProviderError, TransientProviderError, CircuitOpen):
                await fail(client, provider_request, kind)
            await anyio.sleep(PAUSE + 0.05)
            await client.fetch(provider_request)
            await fail(client, provider_request, TransientProviderError)
            await client.fetch(provider_request)  # one failure is not two in a row: closed, with a new count
            assert len(server.asked) == 5

    anyio.run(fetch)


def test_after_the_pause_a_bad_answer_opens_it_again_at_once(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    async def fetch() -> None:
        breaker = {"failures": 2, "pause_seconds": PAUSE}
        async with stage({"status": 500}, retry=ONCE, breaker=breaker) as (client, server):
            await fail(client, provider_request, TransientProviderError)
            await fail(client, provider_request, TransientProviderError)
            await anyio.sleep(PAUSE + 0.05)
            await fail(client, provider_request, TransientProviderError)
            await fail(client, provider_request, CircuitOpen)
            assert len(server.asked) == 3

    anyio.run(fetch)
