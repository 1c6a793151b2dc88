"""The service in two processes is one service: one count of requests, one set of metrics, one end."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from aurora_api.access.token_keys import TokenKeys
from aurora_resources.warehouse.connection import Warehouse
from tests.made_once import MadeOnce

CHECKOUT = Path(__file__).resolve().parents[3]
SECRET = secrets.token_urlsafe(48)
PER_HOUR, PER_MINUTE = 30, 5
ME = "{ me { username } }"
LOGIN = """mutation { login(input: {username: "north", password: "no such password"}) {
    ... on Problem { code } } }"""


@dataclass(frozen=True)
class Crew:
    """A service of two workers, and what it logs."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def ask(self, query: str, token: str | None = None) -> httpx.Response:
        """One request on a connection of its own, which either worker may take."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.post(f"{self.url}/graphql", json={"query": query}, headers=headers, timeout=30)

    def workers(self) -> list[int]:
        """The process ids of all workers that were ever started, as the log tells them."""
        events = (json.loads(line).get("event", "") for line in self.log.read_text().splitlines() if line)
        found = (re.fullmatch(r"Started server process \[(\d+)\]", event) for event in events)
        return [int(each[1]) for each in found if each]

    def wait_for_workers(self, number: int) -> list[int]:
        """Wait until so many were started in all."""
        for _ in range(300):
            if len(self.workers()) >= number:
                return self.workers()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def ended(self, workers: list[int]) -> bool:
        """Whether none of these lives, and nobody listens any more, within a while."""
        for _ in range(150):
            if not any(map(alive, workers)) and not listening(self.url):
                return True
            time.sleep(0.1)
        return False


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def listening(url: str) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) == 0


@contextmanager
def started(database_url: str, folder: Path) -> Iterator[Crew]:
    """`aurora api --workers 2`, killed at the end if it still runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "AURORA_DATABASE_URL": database_url,
        "AURORA_TOKEN_SECRET": SECRET,
        "AURORA_API_REQUESTS_PER_HOUR": str(PER_HOUR),
        "AURORA_API_LOGINS_PER_MINUTE": str(PER_MINUTE),
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [sys.executable, "-W", "ignore", "-m", "aurora_api", "api", "--workers", "2"]
    log = folder / "api.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port)], env=environment, stdout=output, stderr=output
        )
    crew = Crew(process, f"http://127.0.0.1:{port}", log)
    try:
        crew.wait_for_workers(2)
        for _ in range(100):
            if listening(crew.url):
                break
            time.sleep(0.1)
        yield crew
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture(scope="module")
def database(
    made_once: MadeOnce, template_database: str, fill_rows: Callable[[Warehouse], None]
) -> Iterator[str]:
    """The address of a database with the rows of `rows.sql`."""
    with made_once.copy(template_database) as warehouse:
        fill_rows(warehouse)
        yield warehouse.url


@pytest.fixture(scope="module")
def crew(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """One for the tests that need it whole; asked to end, it leaves nobody."""
    with started(database, tmp_path_factory.mktemp("crew")) as both:
        yield both
        workers = both.workers()
        both.process.send_signal(signal.SIGTERM)
        assert both.process.wait(30) == 0
        assert both.ended(workers)
        assert "Traceback" not in both.log.read_text()


@pytest.fixture(scope="module")
def token_of(issue: Callable[[str, TokenKeys], str]) -> Callable[[str], str]:
    """An access token of a user of `rows.sql`, as this service signs it."""
    keys = TokenKeys([SECRET])
    return lambda username: issue(username, keys)


def test_requests_are_counted_together(crew: Crew, token_of: Callable[[str], str]) -> None:
    token = token_of("north")
    answers = [crew.ask(ME, token) for _ in range(PER_HOUR + 10)]
    assert [answer.status_code for answer in answers] == [200] * PER_HOUR + [429] * 10
    left = [answer.headers["RateLimit"].split(";")[1] for answer in answers[:PER_HOUR]]
    assert left == [f"r={number}" for number in reversed(range(PER_HOUR))]
    assert answers[-1].headers["Retry-After"].isdecimal()
    assert crew.ask(ME, token_of("south")).status_code == 200


def test_sign_ins_are_counted_together(crew: Crew) -> None:
    answers = [crew.ask(LOGIN).json() for _ in range(PER_MINUTE + 3)]
    codes = [
        answer["data"]["login"]["code"] if answer.get("data") else answer["errors"][0]["extensions"]["code"]
        for answer in answers
    ]
    assert codes[:PER_MINUTE] == ["CREDENTIALS_INVALID"] * PER_MINUTE
    assert set(codes[PER_MINUTE:]) == {"RATE_LIMITED"}


def test_callers_are_sent_round_now_and_then(crew: Crew) -> None:
    with httpx.Client() as client:
        answers = [client.get(f"{crew.url}/health") for _ in range(400)]
    assert {answer.status_code for answer in answers} == {200}
    ended = sum(answer.headers.get("Connection") == "close" for answer in answers)
    assert 0 < ended < 20


def test_metrics_are_of_all_workers(crew: Crew, token_of: Callable[[str], str]) -> None:
    told = 'api_requests_total{operation="(none)",route="/graphql",status="400"}'
    before = counted(crew, told)
    for _ in range(12):
        assert crew.ask("{ nothing }", token_of("finance")).status_code == 400
    assert [counted(crew, told) for _ in range(6)] == [before + 12] * 6
    text = httpx.get(f"{crew.url}/metrics").text
    assert "\nwarehouse_up 1.0\n" in text
    assert text.count("# TYPE api_pool_size gauge") == 1


def counted(crew: Crew, what: str) -> float:
    """A counter as whichever worker answers tells it."""
    found = re.search(re.escape(what) + r" (\S+)", httpx.get(f"{crew.url}/metrics").text)
    return float(found[1]) if found else 0.0


def test_a_worker_that_dies_is_replaced_and_what_was_counted_stays(
    crew: Crew, token_of: Callable[[str], str]
) -> None:
    told = 'api_requests_total{operation="me",route="/graphql",status="200"}'
    token = token_of("auditor")
    while crew.ask(ME, token).status_code == 200:
        pass
    before = counted(crew, told)
    first, *_ = crew.wait_for_workers(2)
    os.kill(first, signal.SIGKILL)
    assert len(crew.wait_for_workers(3)) == 3
    answers = [crew.ask(ME, token).status_code for _ in range(10)]
    assert answers == [429] * 10
    assert crew.ask(ME, token_of("admin")).status_code == 200
    assert counted(crew, told) == before + 1


def test_workers_end_when_their_parent_is_killed(database: str, tmp_path: Path) -> None:
    with started(database, tmp_path) as crew:
        workers = crew.workers()
        assert all(map(alive, workers))
        crew.process.kill()
        crew.process.wait()
        assert crew.ended(workers)
