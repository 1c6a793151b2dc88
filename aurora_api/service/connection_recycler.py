"""Middleware of a worker: now and then an answer ends its connection, so that callers spread over workers.

Whichever worker happens to take a connection has its caller for as long as it stays open; where many open
theirs at once, one worker may have most of them, and those wait. A connection that is opened anew is taken by
a worker that is free just then. HTTP clients open one by themselves.
"""

from itertools import count
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANSWERS: Final = 100
"""Every so many answers of a worker: rarely, for whoever opens a connection waits until a worker looks."""


class ConnectionRecycler:
    """Around a worker's application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""

        async def send_and_end(message: Message) -> None:
            if message["type"] == "http.response.start" and next(self._answers) % ANSWERS == 0:
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, send_and_end)
