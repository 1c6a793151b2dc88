"""One client a provider: puts questions to it over HTTP, with patience and within its limits.

Here are rate limit, concurrency, retries and circuit breaker; a single request is made in `exchange.py`, and
what an answer means is read by `statuses.py` and the adapter's `Classify`. Keeping answers is the business of
whoever fetcher. Built on httpx, stamina, aiolimiter and purgatory.
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
from aurora_resources.errors import (
    CircuitOpen,
    ProviderError,
    TransientProviderError,
)
from aurora_resources.http.exchange import MAX_BODY_BYTES, Exchange, logger
from aurora_resources.http.redaction import Redaction
from aurora_resources.http.request import root_url, standing_headers
from aurora_resources.http.statuses import (
    LONGEST_WAIT_SECONDS,
    NOT_FOUND,
    TOO_MANY_REQUESTS,
    error_of_status,
    fetch_after,
    not_found,
)
from aurora_resources.records import ProviderRequest, ProviderResponse

Classify: TypeAlias = Callable[[ProviderRequest, int, httpx.Headers, bytes], ProviderError | None]
"""An adapter's reading of (question, HTTP status, headers, body): the error it stands for, or None.

Called for 2xx and 404 only; every other status has been understood before.
"""

_BURST_SECONDS = 0.1


@dataclass(slots=True)
class _Line:
    """What an entered client holds, bound to the event loop it was entered in."""

    http: httpx.AsyncClient
    slots: anyio.CapacityLimiter
    rate: AsyncLimiter
    breaker: AbstractAsyncContextManager[object]
    quiet_until: float = 0.0
    """Until when (monotonic seconds) the provider asked to be left alone, by all questions together."""


@cache
def _trusted_authorities() -> ssl.SSLContext:
    """Once a process: reading the authorities' certificates costs more than opening a client."""
    return httpx.create_ssl_context()


class ProviderClient:
    """Asks one provider; an async context manager, used in the event loop it was entered in.

    At most `settings.concurrency` questions are under way at once; `settings.rate_limit` requests a second
    are sent evenly, with no burst above a tenth of a second's worth. One attempt may take
    `settings.timeout_sec` in all. The breaker counts questions that failed in spite of their retries, not
    requests, so that a short trouble under parallel questions is outlasted. Only failures of transport and
    server count: a provider that says 404, "not yet", "not you" or "too many requests" is alive.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        classify: Classify | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        """`headers` are sent with every request and win over the client's own.

        Raises ConfigurationError when base_url or the API key cannot be used.
        """
        self._settings = settings
        self._classify = classify
        root = root_url(settings)
        self._headers = standing_headers(settings, headers)
        self._redaction = Redaction(settings, headers or {})
        self._exchange = Exchange(root, settings.timeout_sec, max_body_bytes, self._redaction)
        self._line: _Line | None = None
        self._last_failure = ""

    def __repr__(self) -> str:
        return f"<ProviderClient {self._settings.name}>"

    async def __aenter__(self) -> Self:
        settings = self._settings
        if self._line is not None:
            raise RuntimeError(f"{self!r} is entered already")
        breakers = AsyncCircuitBreakerFactory(
            default_threshold=settings.breaker.failures,
            default_ttl=settings.breaker.pause_seconds,
            exclude=[(BaseException, _shows_life)],
        )
        burst = max(1.0, settings.rate_limit * _BURST_SECONDS)
        self._line = _Line(
            http=httpx.AsyncClient(
                verify=_trusted_authorities(),
                headers=self._headers,
                # A slot is a connection, so that nobody ever waits for the pool.
                timeout=httpx.Timeout(settings.timeout_sec, pool=None),
                limits=httpx.Limits(
                    max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency
                ),
            ),
            slots=anyio.CapacityLimiter(settings.concurrency),
            rate=AsyncLimiter(burst, burst / settings.rate_limit),
            breaker=await breakers.get_breaker(settings.name),
        )
        self._redaction.guard_transport_logs()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line is not None:
            line, self._line = self._line, None
            try:
                await line.http.aclose()
            finally:
                self._redaction.leave_transport_logs()

    async def answer(self, question: ProviderRequest) -> ProviderResponse:
        """The provider's answer, exactly as received.

        Raises ProviderError: what could pass has been tried again, `settings.retry.attempts` times in all.
        """
        line = self._line
        if line is None:
            raise RuntimeError(f"{self!r} is not entered; use it in `async with`")
        # The slot is held while waiting between attempts, too: a provider in trouble gets fewer questions.
        async with line.slots:
            try:
                async with line.breaker:
                    return await self._ask_patiently(line, question)
            except OpenedState as opened:
                breaker = self._settings.breaker
                pause = opened.opened_at + breaker.pause_seconds - time.time()
                reason = f"{breaker.failures} questions in a row failed"
                raise self._not_asked(question, reason, pause) from None

    async def _ask_patiently(self, line: _Line, question: ProviderRequest) -> ProviderResponse:
        retry = self._settings.retry
        problem: ProviderError | None = None
        asked = 0
        async for attempt in stamina.retry_context(
            on=_wait_before_next,
            attempts=retry.attempts,
            timeout=None,
            wait_initial=retry.base_seconds,
            wait_max=retry.cap_seconds,
            wait_jitter=retry.base_seconds,
        ):
            with attempt:
                if problem is not None:
                    logger.warning("%s; asking again, attempt %d of %d", problem, attempt.num, retry.attempts)
                try:
                    await self._take_turn(line, question)
                    asked = attempt.num
                    return await self._ask_once(line, question)
                except ProviderError as error:
                    problem = error
                    error.args = (self._redaction.hide(f"{error} ({_times(asked)})"),)
                    if isinstance(error, TransientProviderError):
                        self._last_failure = str(error)
                    raise
        raise AssertionError("stamina either returns or raises")

    async def _take_turn(self, line: _Line, question: ProviderRequest) -> None:
        """Wait for the pause the provider asked for, and for the rate limit; raises if it is too long."""
        while (pause := line.quiet_until - time.monotonic()) > 0:
            if pause > LONGEST_WAIT_SECONDS:
                raise self._not_asked(question, "it asked for a long pause", pause)
            await anyio.sleep(pause)
        await line.rate.acquire()

    async def _ask_once(self, line: _Line, question: ProviderRequest) -> ProviderResponse:
        status, headers, body = await self._exchange(line.http, question)
        now = datetime.now(UTC)
        error = self._normalize(question, status, headers, body, now)
        if error is None:
            return ProviderResponse(question=question, status=status, body=body, fetched_at=now)
        error.body = body
        if httpx.codes.is_error(status) and isinstance(error, TransientProviderError):
            line.quiet_until = max(line.quiet_until, time.monotonic() + (error.retry_after_seconds or 0.0))
        raise error

    def _normalize(
        self, question: ProviderRequest, status: int, headers: httpx.Headers, body: bytes, now: datetime
    ) -> ProviderError | None:
        says = "" if httpx.codes.is_success(status) else self._redaction.excerpt(body)
        error = error_of_status(question, status, headers, says, now)
        if error is None and self._classify is not None:
            error = self._classify(question, status, headers, body)
        if error is None and status == NOT_FOUND:
            error = not_found(question, says)
        return error

    def _not_asked(self, question: ProviderRequest, reason: str, pause: float) -> CircuitOpen:
        last = f"; the last failure was: {self._last_failure}" if self._last_failure else ""
        return CircuitOpen(
            f"not asked, the provider is left alone: {reason}; {fetch_after(pause, datetime.now(UTC))}{last}",
            provider=question.provider,
            endpoint=question.endpoint,
        )


def _wait_before_next(error: Exception) -> bool | float:
    """For stamina: False for no other attempt, True for its own backoff, or seconds to wait."""
    if not isinstance(error, TransientProviderError):
        return False
    wait = error.retry_after_seconds
    if wait is None:
        return True
    return wait if wait <= LONGEST_WAIT_SECONDS else False


def _shows_life(error: BaseException) -> bool:
    """For the breaker: whether the failure says nothing against the provider's health."""
    return not isinstance(error, TransientProviderError) or error.status == TOO_MANY_REQUESTS


def _times(asked: int) -> str:
    return "asked once" if asked == 1 else f"asked {asked} times"
