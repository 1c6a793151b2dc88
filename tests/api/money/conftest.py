"""The service over books of six real epochs of the sandbox, with a user of each role and two partners."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from aurora_resources.sandbox.generate import demo_world
from aurora_resources.sandbox.server import PATHS
from aurora_resources.sandbox.world import World
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.embedded import EmbeddedServer
from tests.api.conftest import Service, run_service
from tests.integration.pipeline.installation import CHECKOUT, Pipeline
from tests.integration.statements.office import Office, dated

NOWHERE = "http://127.0.0.1:9"
# A second person confirms an override that moves a line by more than this many lamports.
SECOND_PERSON_ABOVE = 1000
# The users that tests/api/conftest.py makes tokens for; `north` is northwind's, `south` harbor's.
USERS = """
insert into access.users (user_id, username, display_name, role, partner_id, validator_keys, expires_at)
overriding system value
select user_id, username, initcap(username), role, partner_id, keys::text[],
    case when role = 'AUDITOR' then now() + interval '1 day' end
from (
    values (1, 'admin', 'ADMIN', null, null), (2, 'finance', 'FINANCE', null, null),
        (3, 'ops', 'OPS', null, null), (4, 'auditor', 'AUDITOR', null, null),
        (5, 'north', 'PARTNER', 'northwind', null), (6, 'south', 'PARTNER', 'harbor', null)
) as person (user_id, username, role, code, keys)
left join registry.partners using (code);
insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)
select sha256(username::bytea), md5(username)::uuid, user_id, now() + interval '1 day' from access.users;
"""


@dataclass
class Bureau:
    """The books, and the service over them as each user asks it."""

    office: Office
    service: Service

    def as_user(self, username: str) -> Service:
        return self.service.as_user(username)

    def do(self, username: str, mutation: str, **given: object) -> dict[str, Any]:
        """The answer of one mutation: its object with `__typename`, whose Problem has code and message."""
        name, _, selection = mutation.partition(" ")
        kind = f"{name[0].upper()}{name[1:]}Input!"
        query = (
            f"mutation($input: {kind}) {{ {name}(input: $input) {{ __typename {selection} "
            "... on Problem { code message field } } }"
        )
        answer: dict[str, Any] = self.as_user(username).ask(query, input=given)[name]
        return answer


@pytest.fixture(scope="session")
def money_database(
    database_server: EmbeddedServer, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database with epochs 800 to 805: January and February are complete, March has begun."""
    name = f"money_{os.getpid()}"
    world: World = dated(demo_world())
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template_database} strategy file_copy")
        try:
            folder = tmp_path_factory.mktemp("money")
            with _office(folder, Warehouse(database_server.url(name), server=database_server)) as office:
                office.pipeline.load(CHECKOUT / "partners.yaml")
                office.ask(world, 800, 805)
                with psycopg.connect(database_server.url(name)) as session:
                    session.execute(USERS.encode())
            yield name
        finally:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def bureau(money_database: str, database_server: EmbeddedServer, tmp_path: Path) -> Iterator[Bureau]:
    """A bureau of the test's own."""
    name = f"{money_database}_copy"
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {money_database} strategy file_copy")
        try:
            warehouse = Warehouse(
                database_server.url(name), application="aurora test", server=database_server
            )
            with _office(tmp_path, warehouse) as office, run_service(warehouse) as service:
                yield Bureau(office, service)
        finally:
            connection.execute(f"drop database {name} with (force)")


@contextmanager
def _office(folder: Path, warehouse: Warehouse) -> Iterator[Office]:
    """The installation is the process's for as long as the context lasts; no provider can be reached."""
    with pytest.MonkeyPatch.context() as environment, dg.DagsterInstance.ephemeral() as instance:
        environment.setenv("AURORA_CONFIG_DIR", str(folder))
        environment.setenv("AURORA_DATABASE_URL", warehouse.url)
        urls = dict.fromkeys(PATHS, NOWHERE)
        pipeline = Pipeline(folder, warehouse, urls, instance)
        pipeline.configure(override_second_person_above=SECOND_PERSON_ABOVE)
        yield Office(pipeline)
