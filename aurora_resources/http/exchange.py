"""One request to a provider: what is sent, and the complete answer or the reason why there is none.

Limits of time and size apply here, and each request is one line in the log `aurora.http`. Retries are decided
in `client.py`. Secrets from the settings enter here; a `ProviderRequest` never holds one.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import anyio
import httpx

from aurora_resources.config.models import ProviderSettings
from aurora_resources.errors import ConfigurationError, PayloadError, TransientProviderError
from aurora_resources.http.redaction import Redaction
from aurora_resources.records import ProviderRequest

MAX_BODY_BYTES = 256 * 2**20
"""After decompression. No valid answer is larger: the rewards of a whole Solana epoch come in parts."""

logger = logging.getLogger("aurora.http")


@dataclass(frozen=True, slots=True)
class Exchange:
    """Makes single requests to one provider: its base URL, time-out (seconds), largest body (bytes)."""

    base_url: httpx.URL
    timeout_seconds: float
    max_body_bytes: int
    redaction: Redaction

    def __repr__(self) -> str:
        return "<Exchange>"

    async def __call__(
        self, http: httpx.AsyncClient, request: ProviderRequest
    ) -> tuple[int, httpx.Headers, bytes]:
        """Status, headers and decompressed body of the answer, whatever the status.

        Raises TransientProviderError when no complete answer came, PayloadError when it is too large.
        """
        started = time.monotonic()
        status: int | None = None
        size = 0
        try:
            status, headers, body = await self._send(http, request)
            size = len(body)
        finally:
            outcome = "no answer" if status is None else str(status)
            milliseconds = round((time.monotonic() - started) * 1000)
            facts = (request.provider, request.endpoint, outcome, size, milliseconds)
            logger.debug("%s %s: %s, %d bytes, %d ms", *facts)
        return status, headers, body

    async def _send(
        self, http: httpx.AsyncClient, request: ProviderRequest
    ) -> tuple[int, httpx.Headers, bytes]:
        url = request_url(self.base_url, request)
        content, headers = request_body(request)
        try:
            # httpx limits each read; a body that arrives very slowly needs a limit on the whole.
            with anyio.fail_after(self.timeout_seconds):
                async with http.stream(request.method, url, content=content, headers=headers) as response:
                    return response.status_code, response.headers, await self._read_body(request, response)
        except (TimeoutError, httpx.TimeoutException):
            limit = f"{self.timeout_seconds:g} s"
            reason = f"no complete answer within {limit}; try again later, or raise timeout_sec"
        except httpx.RequestError as error:
            cause = self.redaction.hide(str(error)) or "the connection broke"
            reason = f"no complete answer: {cause} ({type(error).__name__}); check the network and base_url"
        # Raised outside of `except`: the library's error holds the request, with its URL and headers.
        raise TransientProviderError(reason, provider=request.provider, endpoint=request.endpoint)

    async def _read_body(self, request: ProviderRequest, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self.max_body_bytes:
                raise PayloadError(
                    f"the answer is larger than {self.max_body_bytes} bytes and was not read to its end; "
                    "request less at once",
                    provider=request.provider,
                    endpoint=request.endpoint,
                    status=response.status_code,
                )
        return bytes(body)


def parse_base_url(settings: ProviderSettings) -> httpx.URL:
    """`base_url` as a URL. Raises ConfigurationError without the value, which may hold a key."""
    try:
        url = httpx.URL(settings.base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host:
        raise ConfigurationError(f'providers.yaml: base_url of "{settings.name}" is not a URL; correct it')
    return url


def default_headers(settings: ProviderSettings, extra: Mapping[str, str] | None) -> httpx.Headers:
    """The headers of every request; `extra` take precedence.

    Raises ConfigurationError for an API key that no header can carry.
    """
    headers = httpx.Headers({"Accept": "application/json", "User-Agent": "aurora"})
    key = settings.api_key.get_secret_value() if settings.api_key is not None else ""
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            f'providers.yaml: api_key of "{settings.name}" has a line end or a character that no header can '
            "carry; correct the environment variable it names"
        )
    if key:
        headers["Authorization"] = f"Bearer {key}"
    headers.update(extra)
    return headers


def request_url(base_url: httpx.URL, request: ProviderRequest) -> httpx.URL:
    """The request's path below the base URL's, and its query after the base URL's, which may hold a key.

    Raises ConfigurationError when a URL cannot hold the path: a validator's key is misspelt.
    """
    parameters = httpx.QueryParams([*base_url.params.multi_items(), *request.query])
    bare = base_url.copy_with(query=None, fragment=None)
    try:
        url = httpx.URL(str(bare).rstrip("/") + request.path) if request.path else bare
    except httpx.InvalidURL as error:
        raise ConfigurationError(
            f"{request.provider} {request.endpoint}: {request.path!r} is not valid in a URL ({error}); "
            "check the validators' keys in chains.yaml"
        ) from None
    return url.copy_merge_params(parameters) if parameters else url


def request_body(request: ProviderRequest) -> tuple[bytes | None, dict[str, str]]:
    """The request's body as JSON, and the header for it; None and no header where there is no body."""
    if request.body is None:
        return None, {}
    text = json.dumps(request.body, separators=(",", ":"), allow_nan=False)
    return text.encode(), {"Content-Type": "application/json"}
