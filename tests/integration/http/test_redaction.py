"""A key is in the request, and nowhere else: errors, logs, payloads, representations."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from aurora_resources.errors import ProviderError, RefusedByProvider
from aurora_resources.records import ProviderRequest

if TYPE_CHECKING:
    from tests.integration.http.conftest import Reply, Stage

KEY = "s3cr3t-K3y-0123456789"
SPELLED = "s3cr3t/K3y+0123456789 =="
ENCODED = "s3cr3t%2FK3y%2B0123456789%20%3D%3D"

PLACES: dict[str, dict[str, Any]] = {
    "api_key": {"api_key": KEY},
    "path": {"base": "http://127.0.0.1:{port}/v2/" + KEY},
    "query": {"base": "http://127.0.0.1:{port}/?api-key=" + KEY},
    "short query": {"base": "http://127.0.0.1:{port}/rpc?k=zq7x"},
    "encoded query": {"base": "http://127.0.0.1:{port}/?api-key=" + ENCODED},
    "encoded path": {"base": "http://127.0.0.1:{port}/" + ENCODED},
    "password": {"base": "http://someone:" + KEY + "@127.0.0.1:{port}"},
    "user": {"base": "http://" + KEY + "@127.0.0.1:{port}"},
    "header": {"client": {"headers": {"X-Api-Key": KEY}}},
}

BASIC = base64.b64encode(f"someone:{KEY}".encode()).decode()
SECRETS = (KEY, SPELLED, ENCODED, "zq7x", BASIC)

TROUBLE: dict[str, Reply] = {
    "good": {},
    "echo": {"status": 400, "body": " ".join(("wrong key", *SECRETS)).encode(), "headers": {"X-Echo": KEY}},
    "echo at the edge": {"status": 500, "body": ("x" * 190 + KEY).encode()},
    "redirect": {"status": 302, "headers": {"Location": f"http://127.0.0.1:9/{KEY}"}},
    "cut": {"body": b"x" * 100, "cut_after": 10},
    "silent": {"silent": True},
    "slow": {"delay": 5.0},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("trouble", TROUBLE)
def test_no_secret_is_shown(
    stage: Stage, provider_request: ProviderRequest, every_log: Callable[[], str], place: str, trouble: str
) -> None:
    shown = []

    async def fetch() -> None:
        retry = {"attempts": 2, "base_seconds": 0.01, "cap_seconds": 0.01}
        settings = {"retry": retry, "timeout_sec": 0.2, **PLACES[place]}
        async with stage(TROUBLE[trouble], **settings) as (client, server):
            shown.append(repr(client))
            try:
                payload = await client.fetch(provider_request)
                shown.extend([repr(payload), repr(payload.request.to_json())])
            except ProviderError as error:
                shown.extend([str(error), repr(error), *traceback.format_exception(error)])
                # What a reporter of errors may look at; the body is evidence, and not shown.
                link: BaseException | None = error
                while link is not None:
                    told = {name: value for name, value in vars(link).items() if name != "body"}
                    shown.extend([repr(link), repr(told)])
                    link = link.__cause__ or link.__context__
            assert server.asked

    anyio.run(fetch)
    text = "\n".join([*shown, every_log()])
    assert "jito" in text
    # An echo also holds what is no secret in this place.
    sent = [secret for secret in SECRETS if secret in str(PLACES[place])]
    assert sent
    if place == "password":
        sent.append(BASIC)
    if place.startswith("encoded"):
        sent.append(SPELLED)
    for secret in sent:
        assert secret not in text


def test_what_is_no_secret_stays_readable(stage: Stage, provider_request: ProviderRequest) -> None:
    async def fetch() -> None:
        reply = {"status": 400, "body": b'{"error":"epoch 678 of mainnet-beta, see /api/v1"}'}
        async with stage(reply, base="http://127.0.0.1:{port}/api/v1") as (client, _):
            with pytest.raises(ProviderError, match="epoch 678 of mainnet-beta, see /api/v1"):
                await client.fetch(provider_request)

    anyio.run(fetch)


def test_the_evidence_is_kept_exactly(stage: Stage, provider_request: ProviderRequest) -> None:
    """An echoed key is hidden from the message, but the body is what was received."""

    async def fetch() -> None:
        body = f"wrong key {KEY}".encode()
        async with stage({"status": 401, "body": body}, api_key=KEY) as (client, _):
            with pytest.raises(ProviderError, match=r"wrong key \[hidden\]") as caught:
                await client.fetch(provider_request)
            assert caught.value.body == body

    anyio.run(fetch)


def test_an_adapter_that_quotes_the_body_gives_no_key_away(
    stage: Stage, provider_request: ProviderRequest
) -> None:
    def classify(
        provider_request: ProviderRequest, status: int, headers: httpx.Headers, body: bytes
    ) -> ProviderError:
        return RefusedByProvider(f"it says {body!r}", provider="jito", endpoint=provider_request.endpoint)

    async def fetch() -> None:
        reply: Reply = {"body": f"wrong key {KEY}".encode()}
        async with stage(reply, api_key=KEY, client={"classify": classify}) as (client, _):
            with pytest.raises(RefusedByProvider, match=r"wrong key \[hidden\]") as caught:
                await client.fetch(provider_request)
            assert KEY not in repr(caught.value)

    anyio.run(fetch)
