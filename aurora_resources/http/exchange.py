"""One request to a provider and its whole answer, or the reason why there is none.

Limits of time and size, and one line a request in the log `aurora.http`. Whether and when to ask again is
decided in `client.py`.
"""

import logging
import time
from dataclasses import dataclass

import anyio
import httpx

from aurora_resources.errors import PayloadError, TransientProviderError
from aurora_resources.http.redaction import Redaction
from aurora_resources.http.request import body_of, url_of
from aurora_resources.records import ProviderRequest

MAX_BODY_BYTES = 256 * 2**20
"""After decompression. No honest answer is larger: the rewards of a whole Solana epoch come in parts."""

logger = logging.getLogger("aurora.http")


@dataclass(frozen=True, slots=True)
class Exchange:
    """How one provider is asked once: where, for how long (seconds), how much (bytes), what to hide."""

    root: httpx.URL
    timeout_seconds: float
    max_body_bytes: int
    redaction: Redaction

    def __repr__(self) -> str:
        return "<Exchange>"

    async def __call__(
        self, http: httpx.AsyncClient, question: ProviderRequest
    ) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and decompressed body of the answer, whatever the status.

        Raises TransientProviderError when no complete answer came, PayloadError when it is too large.
        """
        started = time.monotonic()
        status: int | None = None
        size = 0
        try:
            status, headers, body = await self._answer(http, question)
            size = len(body)
        finally:
            outcome = "no answer" if status is None else str(status)
            milliseconds = round((time.monotonic() - started) * 1000)
            about = (question.provider, question.endpoint, outcome, size, milliseconds)
            logger.debug("%s %s: %s, %d bytes, %d ms", *about)
        return status, headers, body

    async def _answer(
        self, http: httpx.AsyncClient, question: ProviderRequest
    ) -> tuple[int, httpx.Headers, bytes]:
        url = url_of(self.root, question)
        content, headers = body_of(question)
        try:
            # httpx limits each read; an answer that drips for ever needs the limit around it.
            with anyio.fail_after(self.timeout_seconds):
                async with http.stream(question.method, url, content=content, headers=headers) as response:
                    return response.status_code, response.headers, await self._body(question, response)
        except (TimeoutError, httpx.TimeoutException):
            limit = f"{self.timeout_seconds:g} s"
            reason = f"no complete answer within {limit}; ask again later, or raise timeout_sec"
        except httpx.RequestError as problem:
            told = self.redaction.hide(str(problem)) or "the connection broke"
            reason = f"no complete answer: {told} ({type(problem).__name__}); check the network and base_url"
        # Raised outside of `except`: the library's error holds the request, with its URL and headers.
        raise TransientProviderError(reason, provider=question.provider, endpoint=question.endpoint)

    async def _body(self, question: ProviderRequest, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self.max_body_bytes:
                raise PayloadError(
                    f"the answer is larger than {self.max_body_bytes} bytes and was not read to its end; "
                    "ask for less at once",
                    provider=question.provider,
                    endpoint=question.endpoint,
                    status=response.status_code,
                )
        return bytes(body)
