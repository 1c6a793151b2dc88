"""What is sent: method, path, query, body and headers, as the provider receives them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest
from pydantic import SecretStr

from aurora_resources.config.models import ProviderSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.http.client import ProviderClient
from aurora_resources.http.fetcher import DirectFetcher
from aurora_resources.records import ProviderRequest

if TYPE_CHECKING:
    from tests.integration.http.conftest import Asked, Stage


def received(stage: Stage, provider_request: ProviderRequest, **settings: object) -> Asked:
    async def fetch() -> Asked:
        async with stage({}, **settings) as (client, server):
            await client.fetch(provider_request)
            return server.asked[0]

    return anyio.run(fetch)


def test_a_post_carries_json_with_exact_integers(stage: Stage, provider_request: ProviderRequest) -> None:
    asked = received(stage, replace(provider_request, body={"epoch": 678, "stake": 38263229364446901}))
    assert (asked.method, asked.target) == ("POST", "/validators")
    assert json.loads(asked.body) == {"epoch": 678, "stake": 38263229364446901}
    assert asked.headers["content-type"] == "application/json"


def test_a_get_accepts_json_and_has_no_body(stage: Stage) -> None:
    provider_request = ProviderRequest(
        "jito", "GET /x", "GET", "/x", query=(("epoch", "678"), ("vote", "a b&c"), ("vote", "d"))
    )
    asked = received(stage, provider_request)
    assert (asked.method, asked.target) == ("GET", "/x?epoch=678&vote=a+b%26c&vote=d")
    assert asked.headers["accept"] == "application/json"
    assert "content-type" not in asked.headers
    assert asked.body == b""


@pytest.mark.parametrize(
    ("base", "path", "target"),
    [
        ("http://127.0.0.1:{port}/api/v1", "/validators", "/api/v1/validators?epoch=1"),
        ("http://127.0.0.1:{port}", "", "/?epoch=1"),
        ("http://127.0.0.1:{port}/rpc", "", "/rpc?epoch=1"),
        ("http://127.0.0.1:{port}/?api-key=abcd1234", "/x", "/x?api-key=abcd1234&epoch=1"),
    ],
)
def test_the_base_url_keeps_its_path_and_its_query(stage: Stage, base: str, path: str, target: str) -> None:
    provider_request = ProviderRequest("jito", "x", "GET", path, query=(("epoch", "1"),))
    assert received(stage, provider_request, base=base).target == target


def test_a_key_is_sent_as_bearer_only_when_there_is_one(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    assert "authorization" not in received(stage, provider_request).headers
    assert "authorization" not in received(stage, provider_request, api_key="").headers
    assert received(stage, provider_request, api_key="k3y").headers["authorization"] == "Bearer k3y"


def test_extra_headers_are_sent_and_win(stage: Stage, provider_request: ProviderRequest) -> None:
    asked = received(
        stage, provider_request, client={"headers": {"X-Api-Key": "abc", "Accept": "text/plain"}}
    )
    assert (asked.headers["x-api-key"], asked.headers["accept"]) == ("abc", "text/plain")


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
def test_a_key_no_header_can_carry_is_a_configuration_error(key: str) -> None:
    with pytest.raises(ConfigurationError, match='api_key of "jito"') as caught:
        ProviderClient(ProviderSettings(name="jito", base_url="http://localhost", api_key=SecretStr(key)))
    assert key not in str(caught.value)


@pytest.mark.parametrize("base", ["http://", "http://host:port"])
def test_a_base_url_that_is_none_is_a_configuration_error(base: str) -> None:
    with pytest.raises(ConfigurationError, match='base_url of "jito"'):
        ProviderClient(ProviderSettings(name="jito", base_url=base))


def test_a_path_that_cannot_be_sent_is_a_configuration_error(stage: Stage) -> None:
    async def fetch() -> None:
        async with stage({}) as (client, server):
            with pytest.raises(ConfigurationError, match=r"chains\.yaml"):
                await client.fetch(ProviderRequest("jito", "GET /x", "GET", "/validators/a\nb"))
            assert server.asked == []

    anyio.run(fetch)


def test_the_direct_fetcher_uses_the_client_of_the_request_s_provider(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    async def fetch() -> None:
        async with stage({"body": b"one"}) as (one, _), stage({"body": b"two"}) as (two, _):
            fetcher = DirectFetcher({"jito": one, "rpc": two})
            assert (await fetcher.fetch(provider_request)).body == b"one"
            assert (await fetcher.fetch(replace(provider_request, provider="rpc"))).body == b"two"
            with pytest.raises(ConfigurationError, match=r'"beacon".*jito, rpc'):
                await fetcher.fetch(replace(provider_request, provider="beacon"))

    anyio.run(fetch)


def test_a_client_is_used_entered_and_once_at_a_time(stage: Stage, provider_request: ProviderRequest) -> None:
    client = ProviderClient(ProviderSettings(name="jito", base_url="http://localhost"))

    async def fetch() -> None:
        with pytest.raises(RuntimeError, match="not entered"):
            await client.fetch(provider_request)
        async with client:
            with pytest.raises(RuntimeError, match="entered already"):
                await client.__aenter__()

    anyio.run(fetch)
    anyio.run(fetch)  # after leaving it, it can be entered again, in another event loop
