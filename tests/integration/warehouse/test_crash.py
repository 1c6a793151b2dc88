"""What a crash of the server leaves: everything that was committed, nothing that was not."""

import os
import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest

from aurora_resources.errors import WarehouseError
from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.connection import Warehouse

COMMITTED = 20_000


def numbers(warehouse: Warehouse) -> tuple[int, int]:
    with warehouse.transaction() as connection:
        row = connection.execute("select count(*), coalesce(sum(number), 0) from kept").fetchone()
        assert row is not None
        return int(row[0]), int(row[1])


def test_a_server_killed_in_the_middle_of_a_copy_keeps_only_committed_rows(home: Path) -> None:
    server = EmbeddedServer(home).start()
    warehouse = Warehouse(server.url("postgres"), server=server)
    try:
        with warehouse.transaction() as connection:
            connection.execute("create table kept (number numeric primary key)")
            with connection.cursor().copy("copy kept from stdin") as copy:
                for number in range(COMMITTED):
                    copy.write_row([number])
        with pytest.raises(WarehouseError, match="lost the warehouse") as caught:  # noqa: SIM117
            with warehouse.transaction() as connection:
                copy_until_killed(connection, server)
        assert "server has ended" in str(caught.value)
        with pytest.raises(WarehouseError, match="cannot connect to the warehouse"):
            warehouse.connect()
        server.stop()
        server.start()
        assert numbers(warehouse) == (COMMITTED, sum(range(COMMITTED)))
        assert "automatic recovery in progress" in server.log.read_text()
    finally:
        server.stop()


def copy_until_killed(connection: psycopg.Connection[tuple[object, ...]], server: EmbeddedServer) -> None:
    """Send rows; the server is killed after the first ones. A session notices when it waits for a row."""
    with connection.cursor().copy("copy kept from stdin") as copy:
        for number in range(COMMITTED, 1_000_000):
            copy.write_row([number])
            if number == 2 * COMMITTED:
                assert server.server_pid is not None
                os.kill(server.server_pid, signal.SIGKILL)
                time.sleep(0.3)


def test_a_start_right_after_a_kill_waits_for_a_session_that_is_still_busy(home: Path) -> None:
    server = EmbeddedServer(home).start()
    try:
        with psycopg.connect(server.url("postgres")) as connection:
            connection.execute("create table kept as select 1 as number")
        busy = threading.Thread(target=work_for_three_seconds, args=[server.url("postgres")])
        busy.start()
        wait_until_busy(server.url("postgres"))
        assert server.server_pid is not None
        os.kill(server.server_pid, signal.SIGKILL)
        server.stop()
        server.start()
        busy.join()
        assert numbers(Warehouse(server.url("postgres"), server=server)) == (1, 1)
    finally:
        server.stop()


def wait_until_busy(url: str) -> None:
    """Wait until the other session has begun its loop, so that the server is killed in the middle of it."""
    running = "select from pg_stat_activity where state = 'active' and query like 'do $$%'"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(running).fetchone() is None:
            time.sleep(0.01)


def work_for_three_seconds(url: str) -> None:
    """Never waits on anything, so it does not notice that the server is gone before it is done."""
    loop = "do $$ begin while clock_timestamp() < now() + interval '3 seconds' loop end loop; end $$"
    with pytest.raises(psycopg.OperationalError), psycopg.connect(url) as connection:
        connection.execute(loop)
        time.sleep(0.1)
        connection.execute("select 1")
