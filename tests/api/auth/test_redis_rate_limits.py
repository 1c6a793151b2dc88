"""Rate limits in a real Redis server: two services with the same storage count together."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator

import pytest

from aurora_api.access.rates import (
    LOGINS_VARIABLE,
    REQUESTS_VARIABLE,
    STORAGE_VARIABLE,
    rate_limits_from_environment,
)
from aurora_api.access.token_keys import TokenKeys
from aurora_api.service.settings import ApiSettings
from aurora_resources.warehouse.connection import Warehouse
from tests.api.conftest import Running

REDIS_SERVER = shutil.which("redis-server")
PER_HOUR, PER_MINUTE = 6, 3
ME = "{ me { username } }"
LOGIN = """mutation { login(input: {username: "north", password: "no such password"}) {
    ... on Problem { code } } }"""

pytestmark = pytest.mark.skipif(
    REDIS_SERVER is None, reason="redis-server is not installed: rate limits in Redis are not tested"
)


@pytest.fixture
def redis_address() -> Iterator[str]:
    """The address of a Redis server of this test's own, on a free loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        command = [str(REDIS_SERVER), "--bind", "127.0.0.1", "--port", str(port), "--dir", folder]
        process = subprocess.Popen([*command, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)
        try:
            for _ in range(300):
                assert process.poll() is None, "redis-server has ended"
                with socket.socket() as attempt:
                    if attempt.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(30)


def test_two_services_count_together_and_the_limit_holds_over_both(
    redis_address: str,
    running: Running,
    filled: Warehouse,
    keys: TokenKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(STORAGE_VARIABLE, redis_address)
    monkeypatch.setenv(REQUESTS_VARIABLE, str(PER_HOUR))
    monkeypatch.setenv(LOGINS_VARIABLE, str(PER_MINUTE))
    with (
        running(filled, ApiSettings(keys, limits=rate_limits_from_environment())) as first,
        running(filled, ApiSettings(keys, limits=rate_limits_from_environment())) as second,
    ):
        services = [(first, second)[number % 2] for number in range(PER_HOUR + 2)]
        answers = [service.as_user("north").post(ME) for service in services]
        assert [answer.status_code for answer in answers] == [200] * PER_HOUR + [429] * 2
        left = [answer.headers["RateLimit"].split(";")[1] for answer in answers[:PER_HOUR]]
        assert left == [f"r={number}" for number in reversed(range(PER_HOUR))]
        assert second.as_user("south").post(ME).status_code == 200

        sign_ins = [service.with_token(None).post(LOGIN).json() for service in services[: PER_MINUTE + 2]]
        codes = [
            body["data"]["login"]["code"] if body.get("data") else body["errors"][0]["extensions"]["code"]
            for body in sign_ins
        ]
        assert codes == ["CREDENTIALS_INVALID"] * PER_MINUTE + ["RATE_LIMITED"] * 2
