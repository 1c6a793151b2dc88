"""Keeps the secrets of one provider out of error messages and logs.

A secret is the API key, and what looks like one in the base URL (path, query, user and password) or in extra
headers. It is replaced as a whole. Bodies are not changed: staging stores them exactly as received.
"""

import base64
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

import httpx

from aurora_resources.config.models import ProviderSettings

HIDDEN = "[hidden]"
EXCERPT_CHARACTERS = 200

_EXAMINED_BYTES = 65_536
_SHORTEST_SECRET = 4
_SECRET_HEADER = re.compile(r"key|token|auth|secret|cookie", re.IGNORECASE)
# `api`, `v1` or `mainnet-beta` may be shown; a key in a path has digits and some length, or is very long.
_SECRET_SEGMENT = re.compile(r"(?=.*[0-9]).{8,}|.{20,}")
# httpx logs every URL, httpcore every response header.
_TRANSPORT_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks")


class Redaction(logging.Filter):
    """Replaces the secrets of one provider by `[hidden]`; as a logging filter, in log records."""

    def __init__(self, settings: ProviderSettings, headers: Mapping[str, str]) -> None:
        super().__init__()
        forms = {form for secret in _secrets(settings, headers) for form in _forms(secret)}
        # The longest first: a secret may be a part of another one.
        ordered = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(form) for form in ordered)) if ordered else None

    def hide(self, text: str) -> str:
        """`text` without any secret."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def excerpt(self, body: bytes) -> str:
        """The beginning of `body` in one printable line without secrets, for an error message."""
        text = self.hide(body[:_EXAMINED_BYTES].decode(errors="replace"))
        line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
        return line if len(line) <= EXCERPT_CHARACTERS else line[:EXCERPT_CHARACTERS] + "…"

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record that holds a secret; keeps every record."""
        message = record.getMessage()
        hidden = self.hide(message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        return True

    def attach_to_transport_logs(self) -> None:
        """Filter the loggers of the HTTP libraries, until `detach_from_transport_logs`."""
        for name in _TRANSPORT_LOGGERS:
            logging.getLogger(name).addFilter(self)

    def detach_from_transport_logs(self) -> None:
        """Remove this filter from the loggers of the HTTP libraries."""
        for name in _TRANSPORT_LOGGERS:
            logging.getLogger(name).removeFilter(self)


def _secrets(settings: ProviderSettings, headers: Mapping[str, str]) -> Iterator[str]:
    if settings.api_key is not None:
        yield settings.api_key.get_secret_value()
    yield from (value for name, value in headers.items() if _SECRET_HEADER.search(name))
    url = httpx.URL(settings.base_url)
    # A path is hidden as a whole, and its parts that look like a secret also on their own.
    yield from (part for part in (url.path.rstrip("/"), *url.path.split("/")) if _SECRET_SEGMENT.match(part))
    yield from (value for _, value in url.params.multi_items() if len(value) >= _SHORTEST_SECRET)
    if url.userinfo:
        yield url.password or url.username
        yield base64.b64encode(f"{url.username}:{url.password}".encode()).decode()


def _forms(secret: str) -> Iterable[str]:
    """The forms a secret may have in a URL, a log line or a header."""
    return () if not secret else (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
