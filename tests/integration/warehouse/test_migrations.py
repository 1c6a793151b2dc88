"""Migrations from SQL files: forth and back, whole or not at all, by one process at a time."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aurora_resources.errors import ConfigurationError, MigrationError
from aurora_resources.warehouse.migrations import (
    current,
    downgrade,
    migrate,
    migrate_if_due,
    newest,
)

CHECKOUT = Path(__file__).resolve().parents[3]
FIRST = """
create schema first;
create table first.things (name text check (name like '%a:b%'), n numeric);
create function first.twice(n integer) returns integer language plpgsql as $$
begin
    return n * 2;  -- 100 % of it, and %(x)s and :name mean themselves
end;
$$;
insert into first.things values ('xa:bx', 2);
"""
SECOND = "create table first.more (n integer);"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "0001_first", FIRST, "drop schema first cascade;")
    write(tmp_path, "0002_second", SECOND, "drop table first.more;")
    return tmp_path


def write(folder: Path, name: str, up: str, down: str | None) -> None:
    (folder / f"{name}.up.sql").write_text(up)
    if down is not None:
        (folder / f"{name}.down.sql").write_text(down)


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def tables(url: str) -> list[str]:
    found = rows(
        url,
        "select schemaname || '.' || tablename from pg_tables "
        "where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'alembic_version' "
        "order by 1",
    )
    return [name for (name,) in found]


def test_up_and_down(empty_database: str, folder: Path) -> None:
    assert current(empty_database) is None
    assert newest(folder) == "0002"
    migrate(empty_database, folder=folder)
    assert current(empty_database) == "0002"
    assert tables(empty_database) == ["first.more", "first.things"]
    assert rows(empty_database, "select first.twice(21)") == [(42,)]
    migrate(empty_database, folder=folder)
    downgrade(empty_database, "-1", folder=folder)
    assert current(empty_database) == "0001"
    assert tables(empty_database) == ["first.things"]
    downgrade(empty_database, "base", folder=folder)
    assert current(empty_database) is None
    assert tables(empty_database) == []
    migrate(empty_database, "0001", folder=folder)
    assert current(empty_database) == "0001"


def test_a_failing_file_leaves_nothing_behind(empty_database: str, folder: Path) -> None:
    write(folder, "0003_bad", "create table first.half (n integer);\n\nselect missing_column;\n", None)
    with pytest.raises(
        MigrationError, match=r'0003_bad\.up\.sql line 3: column "missing_column" does not exist'
    ):
        migrate(empty_database, folder=folder)
    assert current(empty_database) == "0002"
    assert tables(empty_database) == ["first.more", "first.things"]
    write(folder, "0003_bad", "create table first.whole (n integer);", None)
    migrate(empty_database, folder=folder)
    assert tables(empty_database) == ["first.more", "first.things", "first.whole"]


def test_a_failing_first_file_leaves_not_even_a_version(empty_database: str, tmp_path: Path) -> None:
    write(tmp_path, "0001_bad", "create table half (n integer); insert into half values ('x');", None)
    with pytest.raises(MigrationError, match="invalid input syntax for type integer"):
        migrate(empty_database, folder=tmp_path)
    assert current(empty_database) is None
    assert tables(empty_database) == []


def test_a_file_may_not_end_its_transaction(empty_database: str, tmp_path: Path) -> None:
    write(tmp_path, "0001_commits", "create table early (n integer); commit;", None)
    with pytest.raises(MigrationError, match=r"0001_commits\.up\.sql ends the transaction"):
        migrate(empty_database, folder=tmp_path)
    assert current(empty_database) is None


def test_a_missing_way_back_is_named(empty_database: str, folder: Path) -> None:
    (folder / "0002_second.down.sql").unlink()
    migrate(empty_database, folder=folder)
    with pytest.raises(MigrationError, match=r"0002_second\.down\.sql is missing"):
        downgrade(empty_database, "0001", folder=folder)
    assert current(empty_database) == "0002"


@pytest.mark.parametrize("name", ["0002_twice", "0004_gap", "3_short", "0003-dash", "0003_Upper"])
def test_files_out_of_order_are_refused(empty_database: str, folder: Path, name: str) -> None:
    write(folder, name, "select 1;", None)
    with pytest.raises(MigrationError, match=r"expected 000\d_name\.up\.sql"):
        migrate(empty_database, folder=folder)


def test_an_empty_folder_is_refused(empty_database: str, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="holds no migration"):
        migrate(empty_database, folder=tmp_path)


def test_a_database_of_a_newer_aurora_is_left_alone(empty_database: str, folder: Path) -> None:
    migrate(empty_database, folder=folder)
    for path in folder.glob("0002*"):
        path.unlink()
    with pytest.raises(MigrationError, match="A newer Aurora may have made it"):
        migrate(empty_database, folder=folder)
    with pytest.raises(MigrationError, match="do not fit"):
        downgrade(empty_database, "base", folder=folder)
    assert tables(empty_database) == ["first.more", "first.things"]


def test_an_unknown_revision_is_refused(empty_database: str, folder: Path) -> None:
    with pytest.raises(MigrationError, match="0009"):
        migrate(empty_database, "0009", folder=folder)


def test_two_processes_migrate_at_once(empty_database: str, folder: Path) -> None:
    write(folder, "0003_slow", "create table first.slow (n integer); select pg_sleep(0.5);", None)
    code = (
        "import sys; from pathlib import Path; from aurora_resources.warehouse.migrations import migrate; "
        "sys.stdin.readline(); migrate(sys.argv[1], folder=Path(sys.argv[2]))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, empty_database, str(folder)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in processes] == [
        ("", 0)
    ] * 2
    assert current(empty_database) == "0003"


def test_a_server_that_is_not_there_is_a_migration_error_without_password(folder: Path) -> None:
    with pytest.raises(MigrationError, match="cannot be migrated") as caught:
        migrate(f"postgresql://aurora:hush@/aurora?host={folder}", folder=folder)
    assert "hush" not in str(caught.value)
    with pytest.raises(ConfigurationError):
        migrate("postgresql://aurora:hu%sh@/aurora", folder=folder)


def test_a_revision_that_cannot_be_read_is_a_migration_error_without_password(
    empty_database: str, folder: Path
) -> None:
    with pytest.raises(MigrationError, match="cannot be read") as caught:
        current(f"postgresql://aurora:hush@/aurora?host={folder}")
    assert "hush" not in str(caught.value)
    migrate(empty_database, folder=folder)
    with psycopg.connect(empty_database) as connection:
        connection.execute("insert into public.alembic_version values ('0001')")
    with pytest.raises(MigrationError, match="has 2 rows"):
        current(empty_database)


REPEATABLE = (
    "create table public.repeatable_files"
    " (name text primary key, sha256 bytea not null, applied_at timestamptz not null default now());"
)
ROUTINE = "create or replace function first.twice(n integer) returns integer language sql as 'select n * {}';"


@pytest.fixture
def with_routines(tmp_path: Path) -> Path:
    """A folder of two migrations, and `routines.sql` beside it."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    write(folder, "0001_first", f"create schema first; {REPEATABLE}", "drop schema first cascade;")
    write(folder, "0002_second", SECOND, "drop table first.more;")
    (tmp_path / "routines.sql").write_text(ROUTINE.format(2))
    return folder


def test_repeatable_files_are_applied_at_the_newest_revision_and_when_they_change(
    empty_database: str, with_routines: Path
) -> None:
    made = "select to_regprocedure('first.twice(integer)') is not null"
    migrate(empty_database, "0001", folder=with_routines)
    assert rows(empty_database, made) == [(False,)]
    migrate(empty_database, folder=with_routines)
    assert rows(empty_database, "select first.twice(21)") == [(42,)]
    (with_routines.parent / "routines.sql").write_text(ROUTINE.format(3))
    migrate(empty_database, folder=with_routines)
    assert rows(empty_database, "select first.twice(21)") == [(63,)]
    applied = rows(empty_database, "select name, applied_at from public.repeatable_files")
    migrate(empty_database, folder=with_routines)
    assert rows(empty_database, "select name, applied_at from public.repeatable_files") == applied


def test_a_failing_repeatable_file_takes_the_newest_migration_back_with_it(
    empty_database: str, with_routines: Path
) -> None:
    routines = with_routines.parent / "routines.sql"
    routines.write_text("select missing_column;")
    with pytest.raises(MigrationError, match=r'routines\.sql line 1: column "missing_column" does not exist'):
        migrate(empty_database, folder=with_routines)
    assert current(empty_database) == "0001"
    assert rows(empty_database, "select to_regclass('first.more') is null") == [(True,)]
    routines.write_text(ROUTINE.format(2))
    migrate(empty_database, folder=with_routines)
    routines.write_text(f"{ROUTINE.format(3)} select missing_column;")
    with pytest.raises(MigrationError, match=r"routines\.sql line 1"):
        migrate(empty_database, folder=with_routines)
    assert rows(empty_database, "select first.twice(21)") == [(42,)]


def test_a_database_of_the_first_releases_is_given_the_routines_and_policies(empty_database: str) -> None:
    """The migrations up to 0008 made them themselves; the repeatable files say the same."""
    policies = "select * from pg_policies order by schemaname, tablename, policyname"
    routines = (
        "select oid::regprocedure::text, pg_get_functiondef(oid), proowner::regrole::text, proacl::text"
        " from pg_proc where pronamespace::regnamespace::text in ('registry', 'computation', 'access')"
        " order by 1"
    )
    migrate(empty_database, "0008")
    before = rows(empty_database, policies), rows(empty_database, routines)
    migrate_if_due(empty_database)
    assert (rows(empty_database, policies), rows(empty_database, routines)) == before
    files = rows(empty_database, "select name from public.repeatable_files order by name")
    assert files == [("policies.sql",), ("routines.sql",)]


def test_a_changed_repeatable_file_is_due_even_at_the_newest_revision(empty_database: str) -> None:
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute("drop policy pipeline on registry.chains")
        connection.execute("update public.repeatable_files set sha256 = sha256(name::bytea)")
    migrate_if_due(empty_database)
    restored = "select from pg_policies where tablename = 'chains' and policyname = 'pipeline'"
    assert rows(empty_database, restored) == [()]


def test_the_real_ones_go_up_down_and_up_again(empty_database: str) -> None:
    migrate(empty_database)
    made = tables(empty_database)
    assert made
    downgrade(empty_database, "base")
    assert tables(empty_database) == []
    left = "select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'"
    assert rows(empty_database, left) == [("public",)]
    migrate(empty_database)
    assert tables(empty_database) == made
    assert current(empty_database) == newest()
