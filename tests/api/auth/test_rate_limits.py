"""Where rate limits are counted, and what is said when they cannot be."""

import socket

import anyio
import pytest

from aurora_api.access.rates import STORAGE_VARIABLE, RateLimits, rate_limits_from_environment
from aurora_api.problems import Code, Problem
from aurora_resources.errors import ConfigurationError


@pytest.mark.parametrize(
    "address", ["memory", "mongodb://u:hush@host", "redis://u:hush@host:port", "file:///x"]
)
def test_another_storage_is_refused_without_repeating_its_address(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE_VARIABLE, address)
    with pytest.raises(ConfigurationError, match="must be memory:// or the address of a Redis") as refused:
        rate_limits_from_environment()
    assert "hush" not in str(refused.value)


def test_without_its_redis_server_a_request_is_not_counted_but_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    limits = RateLimits(storage=f"redis://:hush@127.0.0.1:{port}/0")
    for count in (lambda: limits.count_request(1), lambda: limits.count_login("192.0.2.1")):
        with pytest.raises(Problem, match="cannot be counted at present") as refused:
            anyio.run(count)
        assert refused.value.code is Code.UNAVAILABLE
