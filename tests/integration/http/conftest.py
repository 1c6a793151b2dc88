"""A provider that misbehaves on request: a real HTTP server on loopback, in the test's own event loop.

It answers with the given replies in turn, the last one again and again, and keeps what it was asked.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pytest

from aurora_resources.config.models import ProviderSettings
from aurora_resources.http.client import ProviderClient
from aurora_resources.records import ProviderRequest


class Reply(TypedDict, total=False):
    status: int
    headers: dict[str, str]
    body: bytes
    delay: float
    """Seconds before the answer begins."""
    drip: float
    """Seconds between the single bytes of the body."""
    cut_after: int
    """Bytes of the body after which the connection is closed."""
    silent: bool
    """The connection is closed without an answer."""


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Server:
    replies: Sequence[Reply]
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, as some tests want, or the test is over
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        reply = self.replies[min(len(self.asked), len(self.replies) - 1)]
        self.asked.append(Asked(method, target, headers, body, time.monotonic()))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(reply.get("delay", 0))
            return await self._reply(reply, writer)
        finally:
            self.under_way -= 1

    async def _reply(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        if reply.get("silent"):
            return False
        body = reply.get("body", b"{}")
        headers = {"Content-Length": str(len(body))} | reply.get("headers", {})
        lines = [
            f"HTTP/1.1 {reply.get('status', 200)} x",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        if "drip" in reply:
            for byte in body:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(reply["drip"])
            return True
        writer.write(body[: reply.get("cut_after", len(body))])
        await writer.drain()
        return "cut_after" not in reply


Stage = Callable[..., AbstractAsyncContextManager[tuple[ProviderClient, Server]]]


@contextlib.asynccontextmanager
async def staged(
    *replies: Reply,
    client: dict[str, Any] | None = None,
    base: str = "http://127.0.0.1:{port}",
    **settings: object,
) -> AsyncIterator[tuple[ProviderClient, Server]]:
    server = Server(replies)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    quick = {
        "rate_limit": 1000.0,
        "timeout_sec": 5.0,
        "retry": {"attempts": 3, "base_seconds": 0.01, "cap_seconds": 0.05},
        "breaker": {"failures": 100, "pause_seconds": 30.0},
    }
    given = ProviderSettings.model_validate(
        {"name": "jito", "base_url": base.format(port=server.port), **quick, **settings}
    )
    try:
        async with ProviderClient(given, **(client or {})) as asking:
            yield asking, server
    finally:
        listener.close()


@pytest.fixture
def stage() -> Stage:
    """`async with stage(reply, reply, ..., **settings) as (client, server)`."""
    return staged


@pytest.fixture
def provider_request() -> ProviderRequest:
    return ProviderRequest(
        provider="jito",
        endpoint="POST /validators",
        method="POST",
        path="/validators",
        body={"epoch": 678},
    )


@pytest.fixture
def every_log(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Everything any logger wrote, with the extra fields of the records."""
    for name in ("", "httpx", "httpcore", "stamina", "aurora.http"):
        caplog.set_level(logging.DEBUG, logger=name)
    return lambda: "\n".join(
        json.dumps({**vars(record), "message": record.getMessage()}, default=repr)
        for record in caplog.records
    )
