"""The `Retry-After` header: for how long a provider asks to be left alone.

Only the header is read here; who waits, and for how long at most, is decided in `client.py`.
Source: RFC 9110, section 10.2.3.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

ABSURD_SECONDS = 30 * 86_400
"""Longer than any quota lasts (a month): such a header is a mistake, and ignored."""

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def retry_after_seconds(headers: httpx.Headers, now: datetime) -> float | None:
    """Seconds to wait, more than 0; None when the header is missing, past, absurd or not understood.

    A date is measured against the provider's own `Date` header where it sends one, so that a wrong clock on
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
    return seconds if 0 < seconds <= ABSURD_SECONDS else None


def _http_date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
