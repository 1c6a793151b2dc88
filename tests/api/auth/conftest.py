"""A person with a password, and what their tokens do. The service is the test's own: here rows change."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from aurora_api.access.passwords import Passwords
from aurora_resources.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aurora_resources.postgres.server import EmbeddedServer
    from tests.api.conftest import Running, Service

PASSWORD = "correct-horse-battery"
LOGIN = """mutation ($input: LoginInput!) { login(input: $input) {
    __typename ... on Session { accessToken expiresInSeconds refreshToken sessionEndsAt }
    ... on Problem { code message field } } }"""
REFRESH = """mutation ($input: RefreshInput!) { refresh(input: $input) {
    __typename ... on Session { accessToken refreshToken sessionEndsAt } ... on Problem { code } } }"""


@dataclass(frozen=True)
class Person:
    """A user who can sign in, and the service they do it at."""

    service: Service
    username: str
    password: str = PASSWORD

    def login(self, password: str | None = None, username: str | None = None) -> dict[str, Any]:
        """The answer of login, whatever it is."""
        given = {"username": username or self.username, "password": password or self.password}
        answer: dict[str, Any] = self.service.with_token(None).ask(LOGIN, input=given)["login"]
        return answer

    def refresh(self, token: str) -> dict[str, Any]:
        """The answer of refresh, whatever it is."""
        asked = self.service.with_token(None).ask(REFRESH, input={"refreshToken": token})
        answer: dict[str, Any] = asked["refresh"]
        return answer


@pytest.fixture(scope="session")
def password_hash() -> str:
    return Passwords().hash(PASSWORD)


@pytest.fixture
def person(own_service: Service, filled: Warehouse, password_hash: str) -> Person:
    """The user `finance`, with a password."""
    with filled.transaction() as session:
        session.execute(
            "update access.users set password_hash = %s where username = 'finance'", [password_hash]
        )
    return Person(own_service, "finance")


@dataclass(frozen=True)
class Playground:
    """A service whose rows mutations may change; for tests that do not look at the rows."""

    service: Service
    warehouse: Warehouse

    def as_user(self, username: str) -> Service:
        """The service asked by this user, who is signed in again if some test has ended that."""
        with self.warehouse.transaction() as session:
            session.execute("update access.refresh_tokens set revoked_at = null where revoked_at is not null")
        return self.service.as_user(username)


@pytest.fixture(scope="session")
def playground(
    database_server: EmbeddedServer,
    template_database: str,
    running: Running,
    fill_rows: Callable[[Warehouse], None],
) -> Iterator[Playground]:
    """The service over rows of its own, one for all tests."""
    name = f"play_{os.getpid()}"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template_database} strategy file_copy")
        try:
            warehouse = Warehouse(
                database_server.url(name), application="aurora test", server=database_server
            )
            fill_rows(warehouse)
            with running(warehouse) as service:
                yield Playground(service, warehouse)
        finally:
            connection.execute(f"drop database {name} with (force)")
