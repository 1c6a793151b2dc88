"""Middleware that watches each request: counts it, times it, and logs one line about it.

Everything logged while a request is answered carries its correlation id. Of the request itself only what
cannot be a secret is told: route, operation, status, time, and who asked.
"""

import logging
import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aurora_api.service.metrics import Metrics
from aurora_resources.logs import correlated

OTHER: Final = "(other)"
NO_OPERATION: Final = "(none)"
_FAILED: Final = 500

logger = logging.getLogger("aurora_api.requests")


class Watching:
    """Inside `CorrelationIds`, around everything else. `routes` are the paths that are told apart."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # An application that fails has answered nothing: the server will say 500.
        status = _FAILED

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with correlated(scope["state"]["correlation_id"]):
            try:
                await self._app(scope, receive, send_watched)
            finally:
                self._tell(scope, status, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope["path"] if scope["path"] in self._routes else OTHER
        operation = scope["state"].get("operation") or NO_OPERATION
        self._metrics.count(route, operation, status, seconds)
        logger.log(
            logging.WARNING if status >= _FAILED else logging.INFO,
            "request",
            extra={
                "route": route,
                "operation": operation,
                "status": status,
                "milliseconds": round(seconds * 1000, 1),
                "user": scope["state"].get("username"),
            },
        )
