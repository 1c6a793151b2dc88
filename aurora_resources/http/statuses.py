"""The error an HTTP status stands for, and the `Retry-After` header; bodies are read by the adapters.

The status comes first because providers put other providers' codes into the body of a 429, and bodies that
look like success into a 500. Source of `Retry-After`: RFC 9110, section 10.2.3.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from aurora_resources.errors import (
    NotYetAvailable,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.records import ProviderRequest

LONGEST_WAIT_SECONDS = 120.0
"""A request fails at once when its provider requires a longer pause."""

RETRY_AFTER_SECONDS_MAX = 30 * 86_400
"""No quota lasts longer than a month: a `Retry-After` above it is a mistake and is ignored."""

NOT_FOUND = 404
TOO_MANY_REQUESTS = 429

_REQUEST_TIMEOUT = 408
_KEY_REFUSED = frozenset({401, 403})
_REQUEST_REFUSED = frozenset({400, 405, 413, 422})
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def error_of_status(
    request: ProviderRequest, status: int, headers: httpx.Headers, excerpt: str, now: datetime
) -> ProviderError | None:
    """The error a status stands for; None for 2xx, and for 404, which the adapter must interpret.

    `excerpt` is a part of the body that is safe to show, `now` the time of the answer (aware).
    """
    if httpx.codes.is_success(status) or status == NOT_FOUND:
        return None
    reason = _describe(status, excerpt)
    if status in (TOO_MANY_REQUESTS, _REQUEST_TIMEOUT) or httpx.codes.is_server_error(status):
        wait = retry_after_seconds(headers, now)
        return TransientProviderError(
            f"{reason}; {_remedy_of_transient(request, status, wait, now)}",
            provider=request.provider,
            endpoint=request.endpoint,
            status=status,
            retry_after_seconds=wait,
        )
    return RefusedByProvider(
        f"{reason}; {_remedy_of_refusal(request, status)}",
        provider=request.provider,
        endpoint=request.endpoint,
        status=status,
    )


def not_found(request: ProviderRequest, excerpt: str) -> NotYetAvailable:
    """The error for a 404 that the adapter does not explain.

    NotYetAvailable and not HistoryUnavailable, because it is fetched again: what never comes stays visible as
    missing, what comes late is not lost.
    """
    return NotYetAvailable(
        f"{_describe(NOT_FOUND, excerpt)}; it does not exist there yet, try again later. "
        f'If it should exist, check base_url of "{request.provider}" in providers.yaml',
        provider=request.provider,
        endpoint=request.endpoint,
        status=NOT_FOUND,
    )


def retry_after_seconds(headers: httpx.Headers, now: datetime) -> float | None:
    """Seconds to wait, more than 0; None when the header is missing, in the past, too large or malformed.

    A date is measured against the provider's own `Date` header where there is one, so that a wrong clock on
    either side does no harm, else against `now` (aware).
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        until = _http_date(value)
        if until is None:
            return None
        seconds = (until - (_http_date(headers.get("date", "")) or now)).total_seconds()
    return seconds if 0 < seconds <= RETRY_AFTER_SECONDS_MAX else None


def advise_retry_after(seconds: float, now: datetime) -> str:
    """`try again after` and the time in UTC, rounded up to the second."""
    when = (now + timedelta(seconds=seconds + 0.999)).replace(microsecond=0, tzinfo=None)
    return f"try again after {when.isoformat(sep=' ')} UTC"


def _describe(status: int, excerpt: str) -> str:
    return f"HTTP {status}" + (f', the answer says "{excerpt}"' if excerpt else "")


def _remedy_of_transient(request: ProviderRequest, status: int, wait: float | None, now: datetime) -> str:
    if wait is not None and wait > LONGEST_WAIT_SECONDS:
        return advise_retry_after(wait, now)
    if status == TOO_MANY_REQUESTS:
        return f'try again later, or lower rate_limit of "{request.provider}" in providers.yaml'
    return "the provider has a problem, try again later"


def _remedy_of_refusal(request: ProviderRequest, status: int) -> str:
    entry = f'"{request.provider}" in providers.yaml'
    if status in _KEY_REFUSED:
        return (
            f"check api_key of {entry} and the environment variable it names: the key may be missing, wrong "
            "or without this permission, or the provider blocks this address"
        )
    if status in _REQUEST_REFUSED:
        return "the provider does not accept this request, and repeating it cannot help"
    if httpx.codes.is_redirect(status):
        return f"redirects are not followed; set base_url of {entry} to the address it moved to"
    return f"repeating it cannot help; check {entry}"


def _http_date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
