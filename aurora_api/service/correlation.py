"""The correlation id: one text that names a request in its answer, its errors and the log.

A caller may send its own in `X-Correlation-Id`, if it is harmless to print; else one is made.
"""

import re
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER: Final = "X-Correlation-Id"
_HARMLESS: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class CorrelationIds:
    """Middleware: gives each request its id and returns it in the answer's headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        correlation_id = given if _HARMLESS.fullmatch(given) else uuid4().hex
        # A copy: the state of the scope belongs to all requests of the server.
        scope["state"] = {**scope.get("state", {}), "correlation_id": correlation_id}

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = correlation_id
            await send(message)

        await self._app(scope, receive, send_named)


def correlation_id_of(request: HTTPConnection) -> str:
    """The id of this request."""
    return str(request.state.correlation_id)
