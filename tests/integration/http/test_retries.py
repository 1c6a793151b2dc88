"""Trouble that passes: broken connections, slow providers, and providers that say when to come back."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resources.config.models import ProviderSettings, RetrySettings
from aurora_resources.errors import CircuitOpen, TransientProviderError
from aurora_resources.http.client import ProviderClient
from aurora_resources.http.statuses import RETRY_AFTER_SECONDS_MAX, retry_after_seconds
from aurora_resources.records import ProviderRequest

if TYPE_CHECKING:
    from tests.integration.http.conftest import Reply, Stage

GOOD = {"body": b'{"good": true}'}


def seconds_until_good(
    stage: Stage, provider_request: ProviderRequest, *replies: Reply, **settings: object
) -> float:
    """Ask until the good answer comes; the seconds it took."""

    async def fetch() -> float:
        async with stage(*replies, GOOD, **settings) as (client, server):
            started = time.monotonic()
            payload = await client.fetch(provider_request)
            assert payload.body == GOOD["body"]
            assert len(server.asked) == len(replies) + 1
            return time.monotonic() - started

    return anyio.run(fetch)


@pytest.mark.parametrize(
    "trouble",
    [
        {"body": b"x" * 1000, "cut_after": 10},
        {"body": b"x" * 1000, "cut_after": 0},
        {"silent": True},
        {"headers": {"Content-Length": "many"}},
        {"headers": {"Content-Encoding": "gzip"}, "body": b"this is not gzip"},
        {"status": 503},
    ],
    ids=["cut off", "cut before the body", "closed without a word", "broken head", "broken gzip", "503"],
)
def test_an_answer_that_breaks_is_asked_for_again(
    stage: Stage, provider_request: ProviderRequest, trouble: Reply
) -> None:
    seconds_until_good(stage, provider_request, trouble, trouble)


def test_a_connection_that_always_breaks_ends_with_the_reason(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    async def fetch() -> None:
        async with stage({"body": b"x" * 1000, "cut_after": 10}) as (client, server):
            with pytest.raises(TransientProviderError, match=r"no complete answer.*3 attempts") as caught:
                await client.fetch(provider_request)
            assert len(server.asked) == 3
            assert caught.value.body is None
            assert caught.value.status is None

    anyio.run(fetch)


def test_nobody_listens(provider_request: ProviderRequest) -> None:
    async def fetch() -> None:
        # Port 9 (discard) is privileged, and nothing here serves it.
        settings = ProviderSettings(
            name="jito", base_url="http://127.0.0.1:9", retry=RetrySettings(attempts=1)
        )
        async with ProviderClient(settings) as client:
            with pytest.raises(TransientProviderError, match="ConnectError"):
                await client.fetch(provider_request)

    anyio.run(fetch)


@pytest.mark.parametrize(
    "reply", [{"delay": 30.0}, {"body": b"drop by drop" * 100, "drip": 0.05}], ids=["silent", "dripping"]
)
def test_slowness_is_a_time_out_of_the_whole_answer(
    stage: Stage, provider_request: ProviderRequest, reply: Reply
) -> None:
    async def fetch() -> None:
        async with stage(reply, timeout_sec=0.2, retry={"attempts": 2, "base_seconds": 0.01}) as (
            client,
            server,
        ):
            started = time.monotonic()
            with pytest.raises(TransientProviderError, match=r"within 0\.2 s.*timeout_sec.*2 attempts"):
                await client.fetch(provider_request)
            assert len(server.asked) == 2
            # Two time-outs of 0.2 s; without them the answer would take 30 s and more.
            assert 0.4 <= time.monotonic() - started < 25

    anyio.run(fetch)


@pytest.mark.parametrize("attempts", [1, 4])
def test_attempts_are_as_many_as_configured(
    stage: Stage, provider_request: ProviderRequest, attempts: int
) -> None:
    async def fetch() -> None:
        retry = {"attempts": attempts, "base_seconds": 0.01, "cap_seconds": 0.02}
        async with stage({"status": 500}, retry=retry) as (client, server):
            with pytest.raises(TransientProviderError):
                await client.fetch(provider_request)
            assert len(server.asked) == attempts

    anyio.run(fetch)


def test_waits_grow_and_stay_below_the_cap(stage: Stage, provider_request: ProviderRequest) -> None:
    retry = {"attempts": 4, "base_seconds": 0.1, "cap_seconds": 0.25}
    down: Reply = {"status": 503}
    took = seconds_until_good(stage, provider_request, down, down, down, retry=retry)
    assert 0.1 + 0.2 + 0.25 <= took < 1.5


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_waited_for(
    stage: Stage, provider_request: ProviderRequest, status: int
) -> None:
    took = seconds_until_good(stage, provider_request, {"status": status, "headers": {"Retry-After": "1"}})
    assert 1.0 <= took < 2.0


def test_retry_after_as_a_date_is_measured_on_the_providers_own_clock(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    wrong = datetime.now(UTC) - timedelta(days=400)
    headers = {
        "Date": format_datetime(wrong, usegmt=True),
        "Retry-After": format_datetime(wrong + timedelta(seconds=1), usegmt=True),
    }
    assert 1.0 <= seconds_until_good(stage, provider_request, {"status": 429, "headers": headers}) < 2.0


@pytest.mark.parametrize(
    "value", ["-5", "0", "soon", "", "9" * 400, "Wed, 21 Oct 2015 07:28:00 GMT", "1e3", "²"]
)
def test_a_retry_after_that_means_nothing_is_ignored(
    stage: Stage, provider_request: ProviderRequest, value: str
) -> None:
    # A header is Latin-1 at best: the last value arrives as two odd signs.
    took = seconds_until_good(stage, provider_request, {"status": 429, "headers": {"Retry-After": value}})
    assert took < 0.5


def test_a_long_pause_fails_at_once_and_says_when_to_come_back(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    async def fetch() -> None:
        async with stage({"status": 429, "headers": {"Retry-After": "7200"}}) as (client, server):
            with pytest.raises(TransientProviderError) as caught:
                await client.fetch(provider_request)
            assert caught.value.retry_after_seconds == 7200
            hour = (datetime.now(UTC) + timedelta(seconds=7200)).strftime("%Y-%m-%d %H:")
            assert f"try again after {hour}" in str(caught.value)
            # The pause holds for every other provider_request, without bothering the provider.
            for _ in range(2):
                with pytest.raises(CircuitOpen, match=f"not sent.*try again after {hour}") as refused:
                    await client.fetch(provider_request)
                assert str(refused.value).count("the last failure was") == 1
            assert len(server.asked) == 1

    anyio.run(fetch)


def test_a_pause_holds_for_all_requests_together(
    stage: Stage, provider_request: ProviderRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="aurora.http")

    async def fetch() -> None:
        async with stage({"status": 429, "headers": {"Retry-After": "1"}}, GOOD, concurrency=8) as (
            client,
            server,
        ):

            async def later() -> None:
                while not caplog.records:  # the warning that the first request will be repeated
                    await anyio.sleep(0.01)
                await client.fetch(provider_request)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.fetch, provider_request)
                for _ in range(5):
                    tasks.start_soon(later)
            first, *others = (asked.at for asked in server.asked)
            assert len(others) == 6
            assert min(others) - first >= 0.95

    anyio.run(fetch)


def test_each_retry_is_a_warning_and_each_request_a_debug_line(
    stage: Stage, provider_request: ProviderRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="aurora.http")
    seconds_until_good(stage, provider_request, {"status": 503, "body": b"busy"}, {"status": 503})
    mine = [record for record in caplog.records if record.name == "aurora.http"]
    warnings = [record.getMessage() for record in mine if record.levelno == logging.WARNING]
    requests = [record.getMessage() for record in mine if record.levelno == logging.DEBUG]
    assert len(warnings) == 2
    assert "HTTP 503" in warnings[0]
    assert "attempt 2 of 3" in warnings[0]
    assert [line.rsplit(", ", 1)[0] for line in requests] == [
        "jito POST /validators: 503, 4 bytes",
        "jito POST /validators: 503, 2 bytes",
        "jito POST /validators: 200, 14 bytes",
    ]


NOW = datetime(2026, 11, 1, tzinfo=UTC)


@given(
    st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0")),
    st.text(st.characters(codec="ascii")),
)
def test_any_header_gives_a_sane_wait_or_none(value: str, date: str) -> None:
    headers = httpx.Headers([(b"Retry-After", value.encode("latin-1")), (b"Date", date.encode())])
    seconds = retry_after_seconds(headers, NOW)
    assert seconds is None or 0 < seconds <= RETRY_AFTER_SECONDS_MAX


@given(st.integers(1, RETRY_AFTER_SECONDS_MAX))
def test_both_forms_say_the_same(seconds: int) -> None:
    until = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_seconds(httpx.Headers({"Retry-After": str(seconds)}), NOW) == seconds
    assert retry_after_seconds(httpx.Headers({"Retry-After": until}), NOW) == seconds


@pytest.mark.parametrize(
    "date",
    ["Sunday, 06-Nov-94 08:49:37 GMT", "Wed, 21 Oct 99999 07:28:00 GMT", "Wed, 31 Feb 2027 00:00:00 GMT"],
)
def test_odd_dates_are_ignored(date: str) -> None:
    assert retry_after_seconds(httpx.Headers({"Retry-After": date}), NOW) is None
