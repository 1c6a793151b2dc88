"""A running service over a fresh warehouse with a few rows, asked over real HTTP as a user of any role."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, TypeAlias
from uuid import UUID

import httpx
import pytest
import uvicorn

from aurora_api.access.authenticate import Identity
from aurora_api.access.rates import RateLimits
from aurora_api.access.token_keys import TokenKeys
from aurora_api.context.reader import Reader
from aurora_api.service.app import create_app
from aurora_api.service.settings import ApiSettings
from aurora_resources.warehouse.connection import Warehouse
from tests.integration.statements.office import book_three_months
from tests.made_once import MadeOnce

ROWS = Path(__file__).with_name("rows.sql")
KEYS = TokenKeys(["the signing key of these tests alone"])
USERS = ("admin", "finance", "ops", "auditor", "north", "south")

Running: TypeAlias = "Callable[..., AbstractContextManager[Service]]"


def token_of(username: str, keys: TokenKeys = KEYS) -> str:
    """An access token of the session that `rows.sql` gives this user."""
    family = UUID(hashlib.md5(username.encode(), usedforsecurity=False).hexdigest())
    return keys.issue(Identity(USERS.index(username) + 1, f"family:{family}"))


def settings() -> ApiSettings:
    """The settings of a service that counts and does not mind."""
    return ApiSettings(KEYS, limits=RateLimits(logins_per_minute=10**6, requests_per_hour=10**6))


@dataclass
class Service:
    """The running service, and how to ask it."""

    url: str
    token: str | None = field(default_factory=lambda: token_of("admin"))
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def as_user(self, username: str) -> Self:
        """The same service, asked by another user of `rows.sql`."""
        return replace(self, token=token_of(username))

    def with_token(self, token: str | None) -> Self:
        """The same service, asked with this token, or without any."""
        return replace(self, token=token)

    def post(self, query: str, **variables: object) -> httpx.Response:
        return self.client.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"} if self.token is not None else {},
        )

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = self.post(query, **variables)
        body = answer.json()
        assert answer.status_code == 200, body
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    def refusal(self, query: str, **variables: object) -> dict[str, Any]:
        """The only error of an answer."""
        body = self.post(query, **variables).json()
        assert len(body["errors"]) == 1, body
        error: dict[str, Any] = body["errors"][0]
        assert set(error) <= {"message", "locations", "path", "extensions"}
        assert set(error["extensions"]) == {"code", "correlationId"}
        return error

    def code(self, query: str, **variables: object) -> str:
        return str(self.refusal(query, **variables)["extensions"]["code"])


@contextmanager
def run_service(warehouse: Warehouse, given: ApiSettings | None = None) -> Iterator[Service]:
    """The service on a free port of this machine, in a thread."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(warehouse, given or settings()), log_config=None, ws="none", lifespan="on"
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        service = Service(f"http://127.0.0.1:{port}")
        try:
            for _ in range(200):
                if server.started:
                    break
                thread.join(0.02)
            yield service
        finally:
            service.client.close()
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture(scope="session")
def service(made_once: MadeOnce, template_database: str) -> Iterator[Service]:
    """The service over `fill`'s rows, for all tests that change none of them."""
    with made_once.copy(template_database) as warehouse:
        fill(warehouse)
        with run_service(warehouse) as started:
            yield started


@pytest.fixture(scope="session")
def office_database(made_once: MadeOnce) -> str:
    """The name of a database with three months of the sandbox's books, to be copied."""
    return made_once.make("office", book_three_months)


@pytest.fixture(scope="session")
def fill_rows() -> Callable[[Warehouse], None]:
    """`fill`, for tests that make their own warehouse."""
    return fill


@pytest.fixture
def filled(warehouse: Warehouse) -> Warehouse:
    """The test's own warehouse with `fill`'s rows."""
    fill(warehouse)
    return warehouse


@pytest.fixture
def own_service(filled: Warehouse) -> Iterator[Service]:
    """The service over `fill`'s rows in the test's own warehouse."""
    with run_service(filled) as started:
        yield started


@pytest.fixture(scope="session")
def keys() -> TokenKeys:
    """What the tokens of these tests are signed with."""
    return KEYS


@pytest.fixture(scope="session")
def issue() -> Callable[[str, TokenKeys], str]:
    """`token_of`, for a service that signs with other keys."""
    return token_of


@pytest.fixture(scope="session")
def running() -> Running:
    """The service over any warehouse, as a context."""
    return run_service


@pytest.fixture(scope="session")
def api_settings() -> ApiSettings:
    """The settings that `service` runs with."""
    return settings()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL files that the services of this process ask from here on."""
    names: list[str] = []
    for method in ("rows", "some_columns"):
        reading = getattr(Reader, method)

        async def noted(
            self: Reader,
            name: str,
            what: object,
            /,
            reading: Callable[..., Any] = reading,
            **parameters: object,
        ) -> object:
            names.append(name)
            return await reading(self, name, what, **parameters)

        monkeypatch.setattr(Reader, method, noted)
    return names


def fill(warehouse: Warehouse) -> None:
    """The rows of `rows.sql`."""
    with warehouse.connect() as session:
        session.execute(ROWS.read_bytes())
