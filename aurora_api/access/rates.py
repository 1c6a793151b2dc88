"""How often one may ask: sign-ins by address, requests by user. Counted in the memory of one process.

The answer's `RateLimit` headers say what is left. The workers of a service ask their parent, who counts for
all (`service/shared_rates.py`); several machines behind one address count each for itself.
"""

import ipaddress
import math
import os
import time
from dataclasses import dataclass
from typing import Final, Protocol

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from aurora_resources.errors import ConfigurationError

LOGINS_PER_MINUTE: Final = 10
REQUESTS_PER_HOUR: Final = 1000
LOGINS_VARIABLE: Final = "AURORA_API_LOGINS_PER_MINUTE"
REQUESTS_VARIABLE: Final = "AURORA_API_REQUESTS_PER_HOUR"
_SITE_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether this one was still allowed, and what is left: `resets_seconds` until all is again."""

    name: str
    allowed: bool
    limit: int
    window_seconds: int
    remaining: int
    resets_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """The answer's headers; `Retry-After` for whoever asked too often."""
        told = {
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={self.window_seconds}',
            "RateLimit": f'"{self.name}";r={self.remaining};t={self.resets_seconds}',
        }
        return told if self.allowed else told | {"Retry-After": str(max(1, self.resets_seconds))}


class CountsRates(Protocol):
    """Whatever counts: here, or in another process. Takes no longer than a look into memory."""

    def count_login(self, address: str) -> Allowance:
        """One attempt to sign in from this address; an IPv6 address counts as its network of 64 bits."""
        ...

    def count_request(self, user_id: int) -> Allowance:
        """One request of this user."""
        ...


class RateLimits:
    """Counts. Both limits slide: what was asked in the window before still counts in part."""

    def __init__(
        self, *, logins_per_minute: int = LOGINS_PER_MINUTE, requests_per_hour: int = REQUESTS_PER_HOUR
    ) -> None:
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._logins = RateLimitItemPerMinute(logins_per_minute)
        self._requests = RateLimitItemPerHour(requests_per_hour)

    def count_login(self, address: str) -> Allowance:
        """One attempt to sign in from this address; an IPv6 address counts as its network of 64 bits."""
        return self._count("login", self._logins, _site(address))

    def count_request(self, user_id: int) -> Allowance:
        """One request of this user."""
        return self._count("user", self._requests, str(user_id))

    def _count(self, name: str, limit: RateLimitItem, key: str) -> Allowance:
        allowed = self._counter.hit(limit, name, key)
        window = self._counter.get_window_stats(limit, name, key)
        return Allowance(
            name=name,
            allowed=allowed,
            limit=limit.amount,
            window_seconds=limit.get_expiry(),
            remaining=window.remaining,
            resets_seconds=max(0, math.ceil(window.reset_time - time.time())),
        )


def _site(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, _SITE_BITS), strict=False))
    return str(found)


def rate_limits_from_environment() -> RateLimits:
    """The limits that the environment sets, else the defaults. Raises ConfigurationError."""
    return RateLimits(
        logins_per_minute=_whole_number(LOGINS_VARIABLE, LOGINS_PER_MINUTE),
        requests_per_hour=_whole_number(REQUESTS_VARIABLE, REQUESTS_PER_HOUR),
    )


def _whole_number(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise ConfigurationError(f"{variable} is {text}; set a whole number, 1 or more, or leave it out")
    return int(text)
