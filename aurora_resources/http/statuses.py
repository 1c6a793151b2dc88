"""What an HTTP status alone says about an answer, before anybody looks into the body.

Statuses come first because providers put other providers' codes into the body of a 429, and success-shaped
bodies into a 500. JSON-RPC codes and everything else in a body are read by the adapters.
"""

from datetime import datetime, timedelta

import httpx

from aurora_resources.errors import (
    NotYetAvailable,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.http.retry_after import retry_after_seconds
from aurora_resources.records import ProviderRequest

LONGEST_WAIT_SECONDS = 120.0
"""A provider that wants to be left alone for longer is not waited for: the question fails at once."""

NOT_FOUND = 404
TOO_MANY_REQUESTS = 429

_REQUEST_TIMEOUT = 408
_KEY_REFUSED = frozenset({401, 403})
_REQUEST_REFUSED = frozenset({400, 405, 413, 422})


def error_of_status(
    question: ProviderRequest, status: int, headers: httpx.Headers, says: str, now: datetime
) -> ProviderError | None:
    """The error a status stands for; None for 2xx, and for 404, which only the adapter can tell.

    `says` is an excerpt of the body that is safe to show, `now` the time of the answer (aware).
    """
    if httpx.codes.is_success(status) or status == NOT_FOUND:
        return None
    reason = f"HTTP {status}" + (f', the answer says "{says}"' if says else "")
    if status in (TOO_MANY_REQUESTS, _REQUEST_TIMEOUT) or httpx.codes.is_server_error(status):
        wait = retry_after_seconds(headers, now)
        return TransientProviderError(
            f"{reason}; {_remedy_of_transient(question, status, wait, now)}",
            provider=question.provider,
            endpoint=question.endpoint,
            status=status,
            retry_after_seconds=wait,
        )
    return RefusedByProvider(
        f"{reason}; {_remedy_of_refusal(question, status)}",
        provider=question.provider,
        endpoint=question.endpoint,
        status=status,
    )


def not_found(question: ProviderRequest, says: str) -> NotYetAvailable:
    """404 where the adapter has no better word: nothing is there now.

    NotYetAvailable and not HistoryUnavailable, because it is the reading that is asked again: a thing that
    never comes stays visible as not there, one that comes late is not lost.
    """
    reason = "HTTP 404" + (f', the answer says "{says}"' if says else "")
    return NotYetAvailable(
        f"{reason}; it does not exist there yet, ask again later. "
        f'If it should exist, check base_url of "{question.provider}" in providers.yaml',
        provider=question.provider,
        endpoint=question.endpoint,
        status=NOT_FOUND,
    )


def fetch_after(seconds: float, now: datetime) -> str:
    """When to ask again, in UTC to the second, rounded up."""
    when = (now + timedelta(seconds=seconds + 0.999)).replace(microsecond=0, tzinfo=None)
    return f"ask again after {when.isoformat(sep=' ')} UTC"


def _remedy_of_transient(question: ProviderRequest, status: int, wait: float | None, now: datetime) -> str:
    if wait is not None and wait > LONGEST_WAIT_SECONDS:
        return fetch_after(wait, now)
    if status == TOO_MANY_REQUESTS:
        return f'ask again later, or lower rate_limit of "{question.provider}" in providers.yaml'
    return "the provider is in trouble, ask again later"


def _remedy_of_refusal(question: ProviderRequest, status: int) -> str:
    entry = f'"{question.provider}" in providers.yaml'
    if status in _KEY_REFUSED:
        return (
            f"check api_key of {entry} and the environment variable it names: the key may be missing, wrong "
            "or without this right, or the provider blocks this address"
        )
    if status in _REQUEST_REFUSED:
        return "the provider does not accept this request, and repeating it cannot help"
    if httpx.codes.is_redirect(status):
        return f"redirects are not followed; set base_url of {entry} to the address it moved to"
    return f"repeating it cannot help; check {entry}"
