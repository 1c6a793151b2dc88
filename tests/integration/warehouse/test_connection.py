"""Sessions: exact numbers, transactions and locks, addresses with passwords, a server given from outside."""

import threading
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from aurora_resources.errors import ConfigurationError, WarehouseError
from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.address import sqlalchemy_address
from aurora_resources.warehouse.connection import DATABASE, Warehouse, create_database, open_warehouse
from aurora_resources.warehouse.migrations import current, newest

WEI = 2**256 - 1
HUSH = "p@ss:w%rd/é"
HUSH_IN_URL = "p%40ss%3Aw%25rd%2F%C3%A9"


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("amount", [0, 1, -1, 10**18, WEI, -WEI])
def test_amounts_arrive_exactly_as_int(warehouse: Warehouse, amount: int, *, binary: bool) -> None:
    with warehouse.connect() as connection:
        row = connection.execute("select %s::numeric", [amount], binary=binary).fetchone()
        assert row == (amount,)
        assert type(row[0]) is int


@pytest.mark.parametrize("binary", [False, True])
def test_a_whole_number_with_a_scale_is_whole_and_nothing_is_not_zero(
    warehouse: Warehouse, *, binary: bool
) -> None:
    with warehouse.connect() as connection:
        row = connection.execute("select 100.000::numeric, null::numeric", binary=binary).fetchone()
        assert row == (100, None)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("number", ["1.5", "0.1", "-0.000000001", "NaN", "Infinity"])
def test_a_fraction_is_refused_instead_of_rounded(warehouse: Warehouse, number: str, *, binary: bool) -> None:
    with warehouse.connect() as connection:
        cursor = connection.execute(f"select '{number}'::numeric", binary=binary)
        with pytest.raises(psycopg.DataError, match="is not a whole amount"):
            cursor.fetchone()


def test_sums_of_amounts_are_int(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        total = connection.execute(
            "select sum(n::bigint), sum(n::numeric) from generate_series(1, 4) n"
        ).fetchone()
        assert total == (10, 10)
        assert not isinstance(total[0], Decimal)


def test_a_transaction_is_kept_whole_or_not_at_all(warehouse: Warehouse) -> None:
    with warehouse.transaction() as connection:
        connection.execute("create table kept (n integer)")
        connection.execute("insert into kept values (1)")
    with pytest.raises(ZeroDivisionError), warehouse.transaction() as connection:
        connection.execute("insert into kept values (2)")
        raise ZeroDivisionError
    with pytest.raises(psycopg.errors.UndefinedTable), warehouse.transaction() as connection:
        connection.execute("insert into kept values (3)")
        connection.execute("select from missing")
    with warehouse.connect() as connection:
        assert connection.execute("select n from kept").fetchall() == [(1,)]


def test_one_lock_lets_one_writer_in_and_other_locks_do_not_wait(warehouse: Warehouse) -> None:
    lock = ("canonical.validator_fees", "solana-mainnet", "850")
    order: list[str] = []

    def second() -> None:
        with warehouse.transaction(lock):
            order.append("second")

    with warehouse.transaction(lock):
        waiting = threading.Thread(target=second)
        waiting.start()
        with warehouse.transaction((*lock[:2], "851")):
            order.append("other")
        waiting.join(0.2)
        order.append("first")
    waiting.join()
    assert order == ["other", "first", "second"]


def test_sessions_tell_their_name(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        assert connection.execute("show application_name").fetchone() == ("aurora test",)


def test_acting_as_a_role_loses_the_rights_of_a_superuser(warehouse: Warehouse) -> None:
    with warehouse.connect(autocommit=True) as connection:
        connection.execute("create role seer_of_nothing nologin")
        connection.execute("create table secret (n integer)")
    try:
        with warehouse.as_role("seer_of_nothing").connect() as connection:
            assert connection.execute("select current_user").fetchone() == ("seer_of_nothing",)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select * from secret")
    finally:
        with warehouse.connect(autocommit=True) as connection:
            connection.execute("drop role seer_of_nothing")


def test_the_embedded_warehouse_of_a_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURORA_HOME", str(home))
    with open_warehouse(migrated=True) as warehouse:
        assert warehouse.server is not None
        assert warehouse.server.home == home
        assert current(warehouse.url) == newest()
        with open_warehouse(migrated=True) as attached:
            assert attached.server is not None
            assert not attached.server.owned
            with attached.connect() as connection:
                assert connection.info.dbname == DATABASE
    with pytest.raises(WarehouseError, match="The embedded server belonged to process"):
        attached.connect()


def test_a_server_given_from_outside(
    empty_database: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURORA_HOME", str(home / "unused"))
    monkeypatch.setenv("AURORA_DATABASE_URL", empty_database)
    with open_warehouse(migrated=True, application="outside") as warehouse:
        assert warehouse.server is None
        assert current(empty_database) == newest()
        with warehouse.transaction() as connection:
            assert connection.execute("show application_name").fetchone() == ("outside",)
    assert not (home / "unused").exists()


def test_a_password_is_used_and_never_shown(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    url = warehouse.url.replace("postgres@", f"postgres:{HUSH_IN_URL}@")
    monkeypatch.setenv("AURORA_DATABASE_URL", url)
    with open_warehouse() as given:
        with given.connect() as connection:
            assert connection.info.password == HUSH
        for shown in (repr(given), str(given), given.address):
            assert "p@ss" not in shown
            assert "p%40ss" not in shown
    with pytest.raises(WarehouseError) as caught:
        Warehouse(url.replace("%2Fhome", "%2Fnowhere")).connect()
    assert "p@ss" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert "as user postgres" in str(caught.value)
    assert "AURORA_DATABASE_URL" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://aurora:hush%zz@localhost/aurora",
        "postgresql://aurora:hush@word@localhost:port/aurora",
        "hush",
        "postgresql://aurora@localhost/aurora?hush=1",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURORA_DATABASE_URL", url)
    with pytest.raises((ConfigurationError, WarehouseError)) as caught, open_warehouse() as warehouse:
        warehouse.connect()
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None or "hush" not in str(caught.value.__cause__)


def test_dagsters_tables_have_a_schema_of_their_own(warehouse: Warehouse) -> None:
    url = warehouse.dagster_storage_url()
    assert url.startswith("postgresql+psycopg2://")
    assert url == warehouse.dagster_storage_url()
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("create table runs (id integer)"))
    finally:
        engine.dispose()
    with warehouse.connect() as session:
        assert session.execute("select from dagster.runs").fetchall() == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            f"postgresql://ann:{HUSH_IN_URL}@db.example:6432/aurora?sslmode=require",
            {
                "user": "ann",
                "password": HUSH,
                "host": "db.example",
                "port": "6432",
                "dbname": "aurora",
                "sslmode": "require",
            },
        ),
        ("host=/run/pg user=ann dbname='a b'", {"user": "ann", "host": "/run/pg", "dbname": "a b"}),
    ],
)
def test_an_address_for_sqlalchemy_says_the_same(url: str, expected: dict[str, object]) -> None:
    read = make_url(sqlalchemy_address(url, "postgresql+psycopg2", "-csearch_path=dagster"))
    arguments = read.get_dialect()().create_connect_args(read)[1]
    assert arguments == {**expected, "options": "-csearch_path=dagster"}


def test_a_database_is_made_once_by_many(home: Path) -> None:
    with EmbeddedServer(home) as server:
        url = server.url("postgres")
        threads = [threading.Thread(target=create_database, args=[url, "aurora"]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with psycopg.connect(url) as connection:
            made = connection.execute("select count(*) from pg_database where datname = 'aurora'").fetchone()
            assert made == (1,)
