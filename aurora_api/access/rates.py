"""Rate limits: sign-ins by address, requests by user.

They are counted in the storage of `AURORA_API_RATE_LIMIT_STORAGE`: the memory of this process, or a Redis
server that several machines share. The workers of one machine share the memory of their parent
(`service/shared_rates.py`). The `RateLimit` headers of a response say what is left.
"""

import ipaddress
import math
import os
import time
from dataclasses import dataclass
from typing import Final, Protocol

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from aurora_api.problems import Code, Problem
from aurora_resources.errors import ConfigurationError

LOGINS_PER_MINUTE: Final = 10
REQUESTS_PER_HOUR: Final = 1000
LOGINS_VARIABLE: Final = "AURORA_API_LOGINS_PER_MINUTE"
REQUESTS_VARIABLE: Final = "AURORA_API_REQUESTS_PER_HOUR"
STORAGE_VARIABLE: Final = "AURORA_API_RATE_LIMIT_STORAGE"
MEMORY: Final = "memory://"
NOT_COUNTED: Final = "requests cannot be counted at present; try again later"
_REDIS: Final = ("redis://", "rediss://")
_STORAGE_SECONDS: Final = 2.0
_NETWORK_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Allowance:
    """The outcome of one count: whether it was within the limit, and what remains for `resets_seconds`."""

    name: str
    allowed: bool
    limit: int
    window_seconds: int
    remaining: int
    resets_seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response, with `Retry-After` if it was not allowed."""
        headers = {
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={self.window_seconds}',
            "RateLimit": f'"{self.name}";r={self.remaining};t={self.resets_seconds}',
        }
        return headers if self.allowed else headers | {"Retry-After": str(max(1, self.resets_seconds))}


class RateLimiter(Protocol):
    """Counts sign-ins and requests, in this process or through another one."""

    async def count_login(self, address: str) -> Allowance:
        """Count a sign-in from this address. Raises Problem when it cannot be counted."""
        ...

    async def count_request(self, user_id: int) -> Allowance:
        """Count a request of this user. Raises Problem when it cannot be counted."""
        ...

    async def close(self) -> None:
        """Close what is open of the storage; counting opens it again."""
        ...


class RateLimits:
    """Counts in a storage, with sliding windows: the previous window still counts in part."""

    def __init__(
        self,
        *,
        logins_per_minute: int = LOGINS_PER_MINUTE,
        requests_per_hour: int = REQUESTS_PER_HOUR,
        storage: str = MEMORY,
    ) -> None:
        """`storage` is an address. Raises ConfigurationError for one that is not supported."""
        self._connections = _connections(storage)
        self._counter = SlidingWindowCounterRateLimiter(_open_storage(storage, self._connections))
        self._logins = RateLimitItemPerMinute(logins_per_minute)
        self._requests = RateLimitItemPerHour(requests_per_hour)

    async def count_login(self, address: str) -> Allowance:
        """Count a sign-in from this address; an IPv6 address counts as its network of 64 bits."""
        return await self._count("login", self._logins, _network(address))

    async def count_request(self, user_id: int) -> Allowance:
        """Count a request of this user."""
        return await self._count("user", self._requests, str(user_id))

    async def close(self) -> None:
        """Close the connections to Redis; memory has none."""
        if self._connections is not None:
            await self._connections.disconnect()

    async def _count(self, name: str, limit: RateLimitItem, key: str) -> Allowance:
        try:
            allowed = await self._counter.hit(limit, name, key)
            window = await self._counter.get_window_stats(limit, name, key)
        except StorageError as error:
            raise Problem(Code.UNAVAILABLE, NOT_COUNTED) from error
        return Allowance(
            name=name,
            allowed=allowed,
            limit=limit.amount,
            window_seconds=limit.get_expiry(),
            remaining=window.remaining,
            resets_seconds=max(0, math.ceil(window.reset_time - time.time())),
        )


def _connections(address: str) -> ConnectionPool | None:
    """The connections to Redis, opened when they are used; None for memory."""
    if address == MEMORY:
        return None
    try:
        if address.startswith(_REDIS):
            return ConnectionPool.from_url(
                address, socket_timeout=_STORAGE_SECONDS, socket_connect_timeout=_STORAGE_SECONDS
            )
    except ValueError:
        pass  # as for another scheme; the address may hold a password, so that no message repeats it
    raise ConfigurationError(
        f"{STORAGE_VARIABLE} must be {MEMORY} or the address of a Redis server, such as redis://host:6379/0"
    )


def _open_storage(address: str, connections: ConnectionPool | None) -> Storage:
    if connections is None:
        return MemoryStorage()
    return RedisStorage(
        f"async+{address}",
        wrap_exceptions=True,
        implementation="redispy",
        connection_pool=connections,  # type: ignore[arg-type] # documented, and missing in the annotation
    )


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))
    return str(found)


def rate_limits_from_environment() -> RateLimits:
    """The limits and the storage that the environment names, else the defaults. Raises ConfigurationError."""
    return RateLimits(
        logins_per_minute=_whole_number(LOGINS_VARIABLE, LOGINS_PER_MINUTE),
        requests_per_hour=_whole_number(REQUESTS_VARIABLE, REQUESTS_PER_HOUR),
        storage=rate_limit_storage(),
    )


def rate_limit_storage() -> str:
    """The address of the storage: `MEMORY`, or what the environment names."""
    return os.environ.get(STORAGE_VARIABLE) or MEMORY


def _whole_number(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise ConfigurationError(f"{variable} is {text}; set a whole number, 1 or more, or leave it out")
    return int(text)
