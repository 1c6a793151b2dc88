"""Correlation id, metrics and one log line for each request.

A correlation id names a request in its response, its errors and the log. A caller may send one in the header
`X-Correlation-Id`; otherwise, or if it could not be printed safely, one is generated. The log line holds only
what cannot be secret: route, operation, status, time, and user.
"""

import logging
import re
import time
from typing import Final

from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aurora_api.service.metrics import Metrics
from aurora_resources.logs import correlated

HEADER: Final = "X-Correlation-Id"
OTHER: Final = "(other)"
NO_OPERATION: Final = "(none)"
_FAILED: Final = 500
_PRINTABLE: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")

logger = logging.getLogger("aurora_api.requests")


def request_middleware(metrics: Metrics, routes: frozenset[str]) -> list[Middleware]:
    """The outermost middleware of the service. `routes` are the paths that metrics and log distinguish."""
    return [
        Middleware(
            CorrelationIdMiddleware,
            header_name=HEADER,
            validator=lambda text: _PRINTABLE.fullmatch(text) is not None,
            update_request_header=False,
        ),
        Middleware(RequestLog, metrics=metrics, routes=routes),
    ]


def request_correlation_id() -> str:
    """The correlation id of the request in progress. Raises LookupError outside of one."""
    current = correlation_id.get()
    if current is None:
        raise LookupError("no request is in progress")
    return current


class RequestLog:
    """Middleware: counts and times each request, and logs it under its correlation id."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; the interface of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # A copy: the server's state is shared by all its requests.
        scope["state"] = {**scope.get("state", {})}
        # If the application fails before it answers, the server answers 500.
        status = _FAILED

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with correlated(request_correlation_id()):
            try:
                await self._app(scope, receive, send_observed)
            finally:
                self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
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
