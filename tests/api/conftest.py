"""A running service over a fresh warehouse with a few rows in it, asked over real HTTP."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import psycopg
import pytest
import uvicorn

from aurora_api.app import create_app
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.embedded import EmbeddedServer

TOKEN = "test-token-0123456789"
ROWS = Path(__file__).with_name("rows.sql")


Running: TypeAlias = "Callable[[Warehouse], AbstractContextManager[Service]]"


@dataclass
class Service:
    """The running service, and how to ask it."""

    url: str
    token: str = TOKEN
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def post(self, query: str, **variables: object) -> httpx.Response:
        return self.client.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
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
def run_service(warehouse: Warehouse, token: str = TOKEN) -> Iterator[Service]:
    """The service on a free port of this machine, in a thread."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(create_app(warehouse, token), log_config=None, ws="none", lifespan="on")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        service = Service(f"http://127.0.0.1:{port}", token)
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
def service(database_server: EmbeddedServer, template_database: str) -> Iterator[Service]:
    """The service over `fill`'s rows, for all tests that change none of them."""
    name = f"api_{os.getpid()}"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template_database} strategy file_copy")
        try:
            warehouse = Warehouse(
                database_server.url(name), application="aurora test", server=database_server
            )
            fill(warehouse)
            with run_service(warehouse) as started:
                yield started
        finally:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def own_service(warehouse: Warehouse) -> Iterator[Service]:
    """The service over `fill`'s rows in the test's own warehouse."""
    fill(warehouse)
    with run_service(warehouse) as started:
        yield started


@pytest.fixture(scope="session")
def running() -> Running:
    """The service over any warehouse, as a context."""
    return run_service


def fill(warehouse: Warehouse) -> None:
    """The rows of `rows.sql`."""
    with warehouse.connect() as session:
        session.execute(ROWS.read_bytes())
