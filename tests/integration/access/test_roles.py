"""Roles are the whole server's: made once, also by several databases at once, also by no superuser."""

import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from aurora_resources.errors import MigrationError, WarehouseError
from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.connection import (
    API_ROLE,
    AUTH_ROLE,
    PIPELINE_ROLE,
    STAFF_ROLE,
    Warehouse,
    create_database,
    open_warehouse,
)
from aurora_resources.warehouse.migrations import current, downgrade, migrate, newest

ROLES = ("aurora_api", "aurora_auth", "aurora_owner", "aurora_pipeline", "aurora_staff")


@pytest.fixture(scope="module")
def server(run_folder: Path) -> Iterator[EmbeddedServer]:
    """A server of this module's own, where nobody has made a role yet."""
    with EmbeddedServer(run_folder / f"roles-{secrets.token_hex(4)}", settings={"fsync": "off"}) as started:
        yield started


@pytest.fixture
def admin(server: EmbeddedServer) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        yield connection


def fresh(server: EmbeddedServer) -> str:
    name = f"r{secrets.token_hex(4)}"
    create_database(server.url("postgres"), name)
    return name


def as_user(server: EmbeddedServer, admin: psycopg.Connection[tuple[object, ...]], attributes: str) -> str:
    """The address of a fresh database that belongs to a fresh user."""
    name = fresh(server)
    admin.execute(f"create role {name} login {attributes}".encode())
    admin.execute(f"alter database {name} owner to {name}".encode())
    return server.url(name, user=name)


def drop_everything(server: EmbeddedServer, admin: psycopg.Connection[tuple[object, ...]]) -> None:
    """The server as it was: no database of Aurora's, no role."""
    for (name,) in admin.execute("select datname::text from pg_database where datname ~ '^r'").fetchall():
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(str(name))))
    roles = "select rolname::text from pg_roles where rolname ~ '^(aurora_|r)' order by 1"
    for (name,) in admin.execute(
        roles
    ).fetchall():  # Aurora's first: their memberships were granted by the others
        admin.execute(sql.SQL("drop role {}").format(sql.Identifier(str(name))))
    assert server.owned


def test_several_databases_make_the_roles_at_once(
    server: EmbeddedServer, admin: psycopg.Connection[tuple[object, ...]]
) -> None:
    drop_everything(server, admin)
    names = [fresh(server) for _ in range(4)]
    failed: list[Exception] = []

    def work(name: str) -> None:
        try:
            migrate(server.url(name))
        except MigrationError as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert {current(server.url(name)) for name in names} == {newest()}
    made = admin.execute(
        "select rolname::text from pg_roles where rolname ~ '^aurora_' order by 1"
    ).fetchall()
    assert [row[0] for row in made] == list(ROLES)
    downgrade(server.url(names[0]), "0005")
    downgrade(server.url(names[1]), "base")
    migrate(server.url(names[0]))
    migrate(server.url(names[1]))


def test_a_user_that_may_make_roles_needs_nobody_else(
    server: EmbeddedServer,
    admin: psycopg.Connection[tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drop_everything(server, admin)
    url = as_user(server, admin, "createrole")
    monkeypatch.setenv("AURORA_DATABASE_URL", url)
    with open_warehouse(migrated=True) as warehouse:
        for role in (PIPELINE_ROLE, API_ROLE, STAFF_ROLE, AUTH_ROLE):
            with warehouse.as_role(role).connect() as connection:
                assert connection.execute("select current_user::text").fetchone() == (role,)
        with warehouse.as_role(API_ROLE).connect() as connection:
            connection.execute("set local role aurora_staff")
        assert warehouse.dagster_storage_url()
    downgrade(url, "base")
    migrate(url)


def test_a_user_that_may_not_is_told_what_is_missing(
    server: EmbeddedServer,
    admin: psycopg.Connection[tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drop_everything(server, admin)
    migrate(server.url(fresh(server)))
    url = as_user(server, admin, "")
    with pytest.raises(MigrationError, match="0006_roles"):
        migrate(url)
    user = psycopg.conninfo.conninfo_to_dict(url)["user"]
    admin.execute(f"grant aurora_owner, aurora_pipeline to {user}".encode())
    with pytest.raises(MigrationError, match="aurora_api"):
        migrate(url)
    admin.execute(f"grant aurora_api to {user}".encode())
    migrate(url)
    admin.execute(f"revoke aurora_api from {user}".encode())
    monkeypatch.setenv("AURORA_DATABASE_URL", url)
    with open_warehouse(migrated=True, role=API_ROLE) as warehouse:
        with pytest.raises(WarehouseError, match="grant aurora_api to the user of AURORA_DATABASE_URL"):
            warehouse.connect()
        with warehouse.as_role(PIPELINE_ROLE).connect() as connection:
            assert connection.execute("select count(*) from registry.chains").fetchone() == (0,)


def test_a_login_of_its_own_for_the_api_is_all_it_needs(
    server: EmbeddedServer,
    admin: psycopg.Connection[tuple[object, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = fresh(server)
    migrate(server.url(name))
    monkeypatch.setenv("AURORA_DATABASE_URL", server.url(name, user=API_ROLE))
    with open_warehouse(migrated=True, role=API_ROLE) as warehouse, warehouse.connect() as connection:
        assert connection.execute("select session_user::text").fetchone() == (API_ROLE,)
    assert admin.info.dbname == "postgres"


def test_a_role_that_passes_by_the_policies_is_refused(
    server: EmbeddedServer, admin: psycopg.Connection[tuple[object, ...]]
) -> None:
    drop_everything(server, admin)
    admin.execute("create role aurora_api login bypassrls")
    with pytest.raises(MigrationError, match="alter role aurora_api nosuperuser nobypassrls"):
        migrate(server.url(fresh(server)))
    admin.execute("alter role aurora_api nobypassrls")


def test_a_database_without_roles_says_to_migrate(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="aurora migrate"):
        warehouse.as_role("aurora_nobody").connect()


@pytest.mark.usefixtures("template_database")  # which makes the roles
def test_a_later_migration_makes_tables_of_the_owners_and_leaves_no_row_out(
    empty_database: str, tmp_path: Path
) -> None:
    (tmp_path / "0001_first.up.sql").write_text(
        "create schema registry; create table registry.things (n integer);"
        "insert into registry.things values (1);"
        "alter table registry.things enable row level security, force row level security;"
        "alter schema registry owner to aurora_owner; alter table registry.things owner to aurora_owner;"
    )
    (tmp_path / "0002_next.up.sql").write_text("create table registry.more (n integer);")
    migrate(empty_database, folder=tmp_path)
    with psycopg.connect(empty_database) as connection:
        owner = connection.execute(
            "select tableowner::text from pg_tables where tablename = 'more'"
        ).fetchone()
    assert owner == ("aurora_owner",)
    (tmp_path / "0003_data.up.sql").write_text("update registry.things set n = 2;")
    with pytest.raises(MigrationError, match="affected by row-level security"):
        migrate(empty_database, folder=tmp_path)
