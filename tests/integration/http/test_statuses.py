"""What each HTTP status becomes, and how often the provider is asked because of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from aurora_resources.errors import (
    HistoryUnavailable,
    NotYetAvailable,
    PayloadError,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.records import ProviderRequest, ProviderResponse

if TYPE_CHECKING:
    from tests.integration.http.conftest import Reply, Server, Stage


def failure(
    stage: Stage, provider_request: ProviderRequest, *replies: Reply, **settings: object
) -> tuple[ProviderError, int]:
    """The error of the provider_request, and how often the server was asked."""

    async def fetch() -> tuple[ProviderError, int]:
        async with stage(*replies, **settings) as (client, server):
            with pytest.raises(ProviderError) as caught:
                await client.fetch(provider_request)
            return caught.value, len(server.asked)

    return anyio.run(fetch)


def answer(
    stage: Stage, provider_request: ProviderRequest, *replies: Reply, **settings: object
) -> tuple[ProviderResponse, Server]:
    async def fetch() -> tuple[ProviderResponse, Server]:
        async with stage(*replies, **settings) as (client, server):
            return await client.fetch(provider_request), server

    return anyio.run(fetch)


@pytest.mark.parametrize("status", [200, 201, 206])
def test_success_is_the_body_exactly_as_received(
    stage: Stage, provider_request: ProviderRequest, status: int
) -> None:
    body = b'{"mev_rewards": 38263229364446900, "odd":\xff }\n'
    payload, server = answer(stage, provider_request, {"status": status, "body": body})
    assert (payload.body, payload.status, payload.request) == (body, status, provider_request)
    assert payload.fetched_at.utcoffset() is not None
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 501, 502, 503, 504, 520])
def test_what_may_pass_is_asked_again_until_the_attempts_are_used(
    stage: Stage, provider_request: ProviderRequest, status: int
) -> None:
    error, asked = failure(stage, provider_request, {"status": status, "body": b'{"error":"busy"}'})
    assert type(error) is TransientProviderError
    assert (error.status, asked) == (status, 3)
    assert (error.provider, error.endpoint) == ("jito", "POST /validators")
    assert error.body == b'{"error":"busy"}'
    for part in ("jito", "POST /validators", str(status), "busy", "3 attempts"):
        assert part in str(error)


@pytest.mark.parametrize("status", [301, 302, 400, 401, 402, 403, 405, 410, 413, 418, 422])
def test_what_cannot_pass_is_asked_once(stage: Stage, provider_request: ProviderRequest, status: int) -> None:
    error, asked = failure(stage, provider_request, {"status": status, "body": b'{"error":"no"}'})
    assert type(error) is RefusedByProvider
    assert (error.status, asked, error.body) == (status, 1, b'{"error":"no"}')
    assert "1 attempt" in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_where_the_key_is_set(
    stage: Stage, provider_request: ProviderRequest, status: int
) -> None:
    error, _ = failure(stage, provider_request, {"status": status})
    assert 'api_key of "jito" in providers.yaml' in str(error)
    assert "environment variable" in str(error)


def test_a_redirect_is_not_followed(stage: Stage, provider_request: ProviderRequest) -> None:
    error, asked = failure(
        stage, provider_request, {"status": 307, "headers": {"Location": "/elsewhere"}}, {"status": 200}
    )
    assert (type(error), asked) == (RefusedByProvider, 1)
    assert "base_url" in str(error)


def test_not_found_is_not_there_yet_unless_the_adapter_knows_better(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    error, asked = failure(stage, provider_request, {"status": 404, "body": b"<h1>nothing</h1>"})
    assert (type(error), error.status, asked) == (NotYetAvailable, 404, 1)

    def gone(
        provider_request: ProviderRequest, status: int, headers: httpx.Headers, body: bytes
    ) -> ProviderError:
        return HistoryUnavailable(
            "epoch is too old", provider="jito", endpoint=provider_request.endpoint, status=status
        )

    error, asked = failure(stage, provider_request, {"status": 404}, client={"classify": gone})
    assert (type(error), asked) == (HistoryUnavailable, 1)


def test_the_adapter_reads_a_success_and_its_word_is_followed(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    seen = []

    def classify(
        provider_request: ProviderRequest, status: int, headers: httpx.Headers, body: bytes
    ) -> ProviderError | None:
        seen.append((status, isinstance(headers, httpx.Headers), body))
        if body == b"behind":
            return TransientProviderError(
                "node is behind", provider="jito", endpoint=provider_request.endpoint, code=-32005
            )
        return None

    payload, server = answer(
        stage, provider_request, {"body": b"behind"}, {"body": b"good"}, client={"classify": classify}
    )
    assert payload.body == b"good"
    assert len(server.asked) == 2
    assert seen == [(200, True, b"behind"), (200, True, b"good")]


def test_the_status_comes_before_the_adapter(stage: Stage, provider_request: ProviderRequest) -> None:
    """A 429 whose body says something else is a 429; a success-shaped body in a 500 is no success."""

    def classify(
        provider_request: ProviderRequest, status: int, headers: httpx.Headers, body: bytes
    ) -> ProviderError | None:
        raise AssertionError("the adapter is not asked about a status that speaks for itself")

    for status, kind in (
        (429, TransientProviderError),
        (500, TransientProviderError),
        (400, RefusedByProvider),
    ):
        reply: Reply = {"status": status, "body": b'{"error":{"code":-32007}}'}
        error, _ = failure(stage, provider_request, reply, client={"classify": classify})
        assert type(error) is kind


def test_the_adapters_error_carries_the_body_and_the_attempts(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    def classify(
        provider_request: ProviderRequest, status: int, headers: httpx.Headers, body: bytes
    ) -> ProviderError | None:
        return PayloadError("no rewards in it", provider="jito", endpoint=provider_request.endpoint)

    error, asked = failure(stage, provider_request, {"body": b"[]"}, client={"classify": classify})
    assert (type(error), asked, error.body) == (PayloadError, 1, b"[]")
    assert str(error) == "jito POST /validators: no rewards in it (1 attempt)"


def test_an_answer_beyond_the_bound_is_refused_once_with_the_bound_named(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    error, asked = failure(stage, provider_request, {"body": b"x" * 2000}, client={"max_body_bytes": 1000})
    assert (type(error), asked) == (PayloadError, 1)
    assert "1000 bytes" in str(error)


def test_the_words_of_an_error_page_are_shown_short_and_printable(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    body = b"\x1b[31mred\r\n\r\n" + b"long " * 100_000
    error, _ = failure(stage, provider_request, {"status": 400, "body": body})
    assert str(error).isprintable()
    assert len(str(error)) < 500
