"""The HTTP client of one provider: rate limit, concurrency, retries and circuit breaker.

A single request is made in `exchange.py`; what an answer means is decided by `statuses.py` and the adapter's
`Classify`. Callers store the responses. Built on httpx, stamina, aiolimiter and purgatory.
"""

import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import TracebackType
from typing import Self, TypeAlias

import anyio
import httpx
import stamina
from aiolimiter import AsyncLimiter
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from aurora_resources.config.models import ProviderSettings
from aurora_resources.errors import CircuitOpen, ProviderError, TransientProviderError
from aurora_resources.http.exchange import MAX_BODY_BYTES, Exchange, default_headers, logger, parse_base_url
from aurora_resources.http.redaction import Redaction
from aurora_resources.http.statuses import (
    LONGEST_WAIT_SECONDS,
    NOT_FOUND,
    TOO_MANY_REQUESTS,
    advise_retry_after,
    error_of_status,
    not_found,
)
from aurora_resources.records import ProviderRequest, ProviderResponse

Classify: TypeAlias = Callable[[ProviderRequest, int, httpx.Headers, bytes], ProviderError | None]
"""An adapter's reading of (request, HTTP status, headers, body): the error it stands for, or None.

Called for 2xx and 404 only; `statuses.py` handles every other status.
"""

_BURST_SECONDS = 0.1


@dataclass(slots=True)
class _Session:
    """The state of an entered client, bound to the event loop it was entered in."""

    http: httpx.AsyncClient
    slots: anyio.CapacityLimiter
    rate: AsyncLimiter
    breaker: AbstractAsyncContextManager[object]
    paused_until: float = 0.0
    """The end of the pause that the provider required (monotonic seconds); it holds for all requests."""


@cache
def _trusted_authorities() -> ssl.SSLContext:
    """The trusted certificates, loaded once a process: loading takes longer than opening a client."""
    return httpx.create_ssl_context()


class ProviderClient:
    """Fetches from one provider; an async context manager, used in the event loop it was entered in.

    At most `settings.concurrency` requests are in progress at once; `settings.rate_limit` requests a second
    are sent evenly, with no burst above a tenth of a second's worth. One attempt takes at most
    `settings.timeout_sec` in all. The breaker counts requests that failed in spite of their retries, not
    attempts, so that a short outage does not open it. Only failures of transport and server count: a provider
    that answers 404, "not yet", 401 or "too many requests" is reachable.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        classify: Classify | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        """`headers` are sent with every request and take precedence over the client's own.

        Raises ConfigurationError when base_url or the API key cannot be used.
        """
        self._settings = settings
        self._classify = classify
        base_url = parse_base_url(settings)
        self._headers = default_headers(settings, headers)
        self._redaction = Redaction(settings, headers or {})
        self._exchange = Exchange(base_url, settings.timeout_sec, max_body_bytes, self._redaction)
        self._session: _Session | None = None
        self._last_failure = ""

    def __repr__(self) -> str:
        return f"<ProviderClient {self._settings.name}>"

    async def __aenter__(self) -> Self:
        settings = self._settings
        if self._session is not None:
            raise RuntimeError(f"{self!r} is entered already")
        breakers = AsyncCircuitBreakerFactory(
            default_threshold=settings.breaker.failures,
            default_ttl=settings.breaker.pause_seconds,
            exclude=[(BaseException, _provider_is_reachable)],
        )
        burst = max(1.0, settings.rate_limit * _BURST_SECONDS)
        self._session = _Session(
            http=httpx.AsyncClient(
                verify=_trusted_authorities(),
                headers=self._headers,
                # There is one connection for each slot, so that no request waits for the pool.
                timeout=httpx.Timeout(settings.timeout_sec, pool=None),
                limits=httpx.Limits(
                    max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency
                ),
            ),
            slots=anyio.CapacityLimiter(settings.concurrency),
            rate=AsyncLimiter(burst, burst / settings.rate_limit),
            breaker=await breakers.get_breaker(settings.name),
        )
        self._redaction.attach_to_transport_logs()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            try:
                await session.http.aclose()
            finally:
                self._redaction.detach_from_transport_logs()

    async def fetch(self, request: ProviderRequest) -> ProviderResponse:
        """The provider's response, exactly as received.

        Raises ProviderError; transient failures were retried, `settings.retry.attempts` attempts in all.
        """
        session = self._session
        if session is None:
            raise RuntimeError(f"{self!r} is not entered; use it in `async with`")
        # The slot is held between attempts, too: a provider with problems gets fewer requests.
        async with session.slots:
            try:
                async with session.breaker:
                    return await self._fetch_with_retries(session, request)
            except OpenedState as opened:
                breaker = self._settings.breaker
                pause = opened.opened_at + breaker.pause_seconds - time.time()
                reason = f"{breaker.failures} requests in a row failed"
                raise self._paused(request, reason, pause) from None

    async def _fetch_with_retries(self, session: _Session, request: ProviderRequest) -> ProviderResponse:
        retry = self._settings.retry
        failure: ProviderError | None = None
        sent = 0
        async for attempt in stamina.retry_context(
            on=_wait_before_next,
            attempts=retry.attempts,
            timeout=None,
            wait_initial=retry.base_seconds,
            wait_max=retry.cap_seconds,
            wait_jitter=retry.base_seconds,
        ):
            with attempt:
                if failure is not None:
                    logger.warning("%s; retrying, attempt %d of %d", failure, attempt.num, retry.attempts)
                try:
                    await self._wait_for_turn(session, request)
                    sent = attempt.num
                    return await self._fetch_once(session, request)
                except ProviderError as error:
                    failure = error
                    error.args = (self._redaction.hide(f"{error} ({_attempts(sent)})"),)
                    if isinstance(error, TransientProviderError):
                        self._last_failure = str(error)
                    raise
        raise AssertionError("stamina either returns or raises")

    async def _wait_for_turn(self, session: _Session, request: ProviderRequest) -> None:
        """Wait for the end of the provider's pause and for the rate limit.

        Raises CircuitOpen when the pause is longer than LONGEST_WAIT_SECONDS.
        """
        while (pause := session.paused_until - time.monotonic()) > 0:
            if pause > LONGEST_WAIT_SECONDS:
                raise self._paused(request, "it required a long pause", pause)
            await anyio.sleep(pause)
        await session.rate.acquire()

    async def _fetch_once(self, session: _Session, request: ProviderRequest) -> ProviderResponse:
        status, headers, body = await self._exchange(session.http, request)
        now = datetime.now(UTC)
        error = self._error_of(request, status, headers, body, now)
        if error is None:
            return ProviderResponse(request=request, status=status, body=body, fetched_at=now)
        error.body = body
        if httpx.codes.is_error(status) and isinstance(error, TransientProviderError):
            end = time.monotonic() + (error.retry_after_seconds or 0.0)
            session.paused_until = max(session.paused_until, end)
        raise error

    def _error_of(
        self, request: ProviderRequest, status: int, headers: httpx.Headers, body: bytes, now: datetime
    ) -> ProviderError | None:
        excerpt = "" if httpx.codes.is_success(status) else self._redaction.excerpt(body)
        error = error_of_status(request, status, headers, excerpt, now)
        if error is None and self._classify is not None:
            error = self._classify(request, status, headers, body)
        if error is None and status == NOT_FOUND:
            error = not_found(request, excerpt)
        return error

    def _paused(self, request: ProviderRequest, reason: str, seconds: float) -> CircuitOpen:
        last = f"; the last failure was: {self._last_failure}" if self._last_failure else ""
        return CircuitOpen(
            f"not sent, requests to the provider are paused: {reason}; "
            f"{advise_retry_after(seconds, datetime.now(UTC))}{last}",
            provider=request.provider,
            endpoint=request.endpoint,
        )


def _wait_before_next(error: Exception) -> bool | float:
    """For stamina: False for no other attempt, True for its own backoff, or seconds to wait."""
    if not isinstance(error, TransientProviderError):
        return False
    wait = error.retry_after_seconds
    if wait is None:
        return True
    return wait if wait <= LONGEST_WAIT_SECONDS else False


def _provider_is_reachable(error: BaseException) -> bool:
    """For the breaker: whether the failure does not count against the provider."""
    return not isinstance(error, TransientProviderError) or error.status == TOO_MANY_REQUESTS


def _attempts(sent: int) -> str:
    return "1 attempt" if sent == 1 else f"{sent} attempts"
