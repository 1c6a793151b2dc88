"""How often one may ask: sign-ins by address, requests by user. Counted in this process alone.

The answer's `RateLimit` headers say what is left. With several processes behind one address, each counts for
itself.
"""

import ipaddress
import math
import time
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

LOGINS_PER_MINUTE: Final = 10
REQUESTS_PER_HOUR: Final = 1000
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


class RateLimits:
    """Counts. Both limits slide: what was asked in the window before still counts in part."""

    def __init__(
        self, *, logins_per_minute: int = LOGINS_PER_MINUTE, requests_per_hour: int = REQUESTS_PER_HOUR
    ) -> None:
        self._counter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._logins = RateLimitItemPerMinute(logins_per_minute)
        self._requests = RateLimitItemPerHour(requests_per_hour)

    async def count_login(self, address: str) -> Allowance:
        """One attempt to sign in from this address; an IPv6 address counts as its network of 64 bits."""
        return await self._count("login", self._logins, _site(address))

    async def count_request(self, user_id: int) -> Allowance:
        """One request of this user."""
        return await self._count("user", self._requests, str(user_id))

    async def _count(self, name: str, limit: RateLimitItem, key: str) -> Allowance:
        allowed = await self._counter.hit(limit, name, key)
        window = await self._counter.get_window_stats(limit, name, key)
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
