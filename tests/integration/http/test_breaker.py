"""When a provider is left alone, and when it is asked again."""

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


async def fail(client: ProviderClient, question: ProviderRequest, kind: type[ProviderError]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await client.answer(question)
    assert type(caught.value) is kind
    return caught.value


def test_it_opens_after_failures_in_a_row_and_says_until_when(
    stage: Stage, question: ProviderRequest
) -> None:
    async def fetch() -> None:
        breaker = {"failures": 3, "pause_seconds": 30.0}
        async with stage({"status": 503, "body": b"down"}, retry=ONCE, breaker=breaker) as (client, server):
            for _ in range(3):
                await fail(client, question, TransientProviderError)
            error = await fail(client, question, CircuitOpen)
            assert len(server.asked) == 3, "an open breaker fetcher nothing"
            assert "3 questions in a row" in str(error)
            assert "HTTP 503" in str(error), "the last failure is told"
            told = re.search(r"ask again after (.{19}) UTC", str(error))
            assert told is not None
            left = datetime.fromisoformat(told[1]).replace(tzinfo=UTC) - datetime.now(UTC)
            assert timedelta(seconds=25) < left <= timedelta(seconds=31)

    anyio.run(fetch)


def test_questions_that_wait_for_their_turn_are_not_asked_after_it_opened(
    stage: Stage, question: ProviderRequest
) -> None:
    async def fetch() -> None:
        breaker = {"failures": 2, "pause_seconds": 30.0}
        async with stage({"status": 500}, retry=ONCE, breaker=breaker, concurrency=1) as (client, server):
            refused = []

            async def one() -> None:
                with pytest.raises(ProviderError) as caught:
                    await client.answer(question)
                refused.append(type(caught.value))

            async with anyio.create_task_group() as tasks:
                for _ in range(6):
                    tasks.start_soon(one)
            assert len(server.asked) == 2
            assert refused.count(CircuitOpen) == 4

    anyio.run(fetch)


def test_a_success_in_between_starts_the_count_again(stage: Stage, question: ProviderRequest) -> None:
    async def fetch() -> None:
        down, up = {"status": 500}, {"status": 200}
        breaker = {"failures": 2, "pause_seconds": 30.0}
        async with stage(down, up, down, up, down, up, retry=ONCE, breaker=breaker) as (client, _):
            for _ in range(3):
                await fail(client, question, TransientProviderError)
                await client.answer(question)

    anyio.run(fetch)


def test_retries_that_help_are_no_failures(stage: Stage, question: ProviderRequest) -> None:
    async def fetch() -> None:
        replies = [{"status": 503}, {"status": 503}, {}] * 4
        async with stage(*replies, breaker={"failures": 1, "pause_seconds": 30.0}) as (client, server):
            for _ in range(4):
                await client.answer(question)
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
    stage: Stage, question: ProviderRequest, status: int, kind: type[ProviderError]
) -> None:
    async def fetch() -> None:
        async with stage({"status": status}, retry=ONCE, breaker={"failures": 2}) as (client, server):
            for _ in range(5):
                await fail(client, question, kind)
            assert len(server.asked) == 5

    anyio.run(fetch)


@pytest.mark.parametrize("kind", [NotYetAvailable, HistoryUnavailable, RefusedByProvider, PayloadError])
def test_the_adapters_verdict_on_the_chain_is_no_failure_of_the_provider(
    stage: Stage, question: ProviderRequest, kind: type[ProviderError]
) -> None:
    def classify(
        question: ProviderRequest, status: int, headers: httpx.Headers, body: bytes
    ) -> ProviderError | None:
        return kind("not there", provider="jito", endpoint=question.endpoint)

    async def fetch() -> None:
        settings = {"client": {"classify": classify}, "retry": ONCE, "breaker": {"failures": 2}}
        async with stage({}, **settings) as (client, server):
            for _ in range(5):
                await fail(client, question, kind)
            assert len(server.asked) == 5

    anyio.run(fetch)


def test_after_the_pause_a_good_answer_closes_it(stage: Stage, question: ProviderRequest) -> None:
    async def fetch() -> None:
        down, breaker = {"status": 500}, {"failures": 2, "pause_seconds": PAUSE}
        async with stage(down, down, {}, down, {}, retry=ONCE, breaker=breaker) as (client, server):
            for kind in (TransientProviderError, TransientProviderError, CircuitOpen):
                await fail(client, question, kind)
            await anyio.sleep(PAUSE + 0.05)
            await client.answer(question)
            await fail(client, question, TransientProviderError)
            await client.answer(question)  # one failure is not two in a row: closed, with a new count
            assert len(server.asked) == 5

    anyio.run(fetch)


def test_after_the_pause_a_bad_answer_opens_it_again_at_once(stage: Stage, question: ProviderRequest) -> None:
    async def fetch() -> None:
        breaker = {"failures": 2, "pause_seconds": PAUSE}
        async with stage({"status": 500}, retry=ONCE, breaker=breaker) as (client, server):
            await fail(client, question, TransientProviderError)
            await fail(client, question, TransientProviderError)
            await anyio.sleep(PAUSE + 0.05)
            await fail(client, question, TransientProviderError)
            await fail(client, question, CircuitOpen)
            assert len(server.asked) == 3

    anyio.run(fetch)
