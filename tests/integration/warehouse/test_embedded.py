"""The embedded server as one user sees it: starting, attaching, ending, and what survives a crash."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aurora_resources.errors import ConfigurationError, EmbeddedServerError
from aurora_resources.postgres.process import accepts_connections, default_settings
from aurora_resources.postgres.server import EmbeddedServer

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def show(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("select current_setting(%s)", [name]).fetchone()
        assert row is not None
        return str(row[0])


def make_table(url: str, rows: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table kept as select generate_series(1, %s) as number", [rows])


def count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from kept").fetchone()
        assert row is not None
        return int(row[0])


def wait_until_gone(pid: int) -> None:
    """A process that is not our child is gone when signals do not reach it."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still runs")


def test_it_listens_on_a_private_socket_only_and_is_set_up_for_evidence(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with EmbeddedServer(new_home) as server:
        assert server.owned
        url = server.url("postgres")
        shown = {
            name: show(url, name)
            for name in ("listen_addresses", "data_checksums", "fsync", "jit", "max_wal_size", "TimeZone")
        }
        assert shown == {
            "listen_addresses": "",
            "data_checksums": "on",
            "fsync": "on",
            "jit": "off",
            "max_wal_size": "2GB",
            "TimeZone": "UTC",
        }
        with psycopg.connect(url) as connection:
            assert connection.info.encoding == "utf-8"
            ordered = connection.execute("select 'Z' < 'a' and 'z' < 'ä'").fetchone()
            assert ordered == (True,)
        assert (new_home / "sockets").stat().st_mode & 0o777 == 0o700
        recorded = json.loads((new_home / "postgres.lock").read_text())
        assert recorded["owner_pid"] == os.getpid()
        assert recorded["server_pid"] == server.server_pid
    assert not accepts_connections(url)
    assert not server.owned


def test_a_second_process_attaches_and_leaves_the_server_running(
    home: Path, hold: Callable[..., Any]
) -> None:
    with EmbeddedServer(home) as owner:
        make_table(owner.url("postgres"), 3)
        other = hold(home)
        assert other.said["owned"] is False
        assert count(other.said["url"]) == 3
        other.let_go()
        assert count(owner.url("postgres")) == 3


def test_of_many_that_start_at_once_one_owns_and_the_others_attach(
    new_home: Path, hold: Callable[..., Any]
) -> None:
    with ThreadPoolExecutor(3) as threads:
        holders = list(threads.map(hold, [new_home] * 3))
    assert sorted(holder.said["owned"] for holder in holders) == [False, False, True]
    assert all(accepts_connections(holder.said["url"]) for holder in holders)


def test_a_second_object_of_the_same_process_attaches(home: Path) -> None:
    with EmbeddedServer(home) as owner:
        with EmbeddedServer(home) as other:
            assert not other.owned
        assert accepts_connections(owner.url("postgres"))


def test_data_outlive_the_server(home: Path) -> None:
    with EmbeddedServer(home) as server:
        make_table(server.url("postgres"), 5)
    with EmbeddedServer(home) as server:
        assert server.owned
        assert count(server.url("postgres")) == 5


def test_a_killed_owner_leaves_no_orphan_and_the_next_start_works(
    home: Path, hold: Callable[..., Any]
) -> None:
    owner = hold(home)
    make_table(owner.said["url"], 7)
    owner.kill()
    with EmbeddedServer(home) as server:  # at once, while the old server may still be ending
        assert server.owned
        assert count(server.url("postgres")) == 7
        wait_until_gone(owner.said["server_pid"])
    assert "fast shutdown request" in server.log.read_text()


def test_an_attached_process_is_told_that_the_owner_has_ended(home: Path, hold: Callable[..., Any]) -> None:
    owner = hold(home)
    attached = hold(home, extra=["--use"])
    owner.kill()
    wait_until_gone(owner.said["server_pid"])
    said, _ = attached.process.communicate(timeout=60)
    message = json.loads(said)["error"]
    assert f"belonged to process {owner.process.pid}, which has ended" in message
    assert "aurora up" in message


def test_a_forked_child_does_not_keep_the_ownership(home: Path, hold: Callable[..., Any]) -> None:
    owner = hold(home, extra=["--fork"])
    try:
        owner.kill()
        with EmbeddedServer(home, start_timeout_seconds=20) as server:
            assert server.owned
    finally:
        os.kill(owner.said["child"], signal.SIGKILL)


def test_a_server_started_by_a_thread_outlives_the_thread(home: Path) -> None:
    server = EmbeddedServer(home)
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        time.sleep(0.3)
        assert accepts_connections(server.url("postgres"))
    finally:
        server.stop()


def test_waiting_to_own_never_attaches(home: Path, hold: Callable[..., Any]) -> None:
    owner = hold(home)
    with pytest.raises(EmbeddedServerError, match=rf"process {owner.process.pid} owns .* still does"):
        EmbeddedServer(home, start_timeout_seconds=0.3).start(wait_to_own=True)
    patient = EmbeddedServer(home)
    waiting = threading.Thread(target=patient.start, kwargs={"wait_to_own": True})
    waiting.start()
    owner.let_go()
    waiting.join()
    try:
        assert patient.owned
    finally:
        patient.stop()


def test_an_owner_without_a_server_is_named(new_home: Path) -> None:
    new_home.mkdir()
    blocker = subprocess.Popen(
        [sys.executable, "-c", BLOCK, str(new_home / "postgres.lock")], stdout=subprocess.PIPE
    )
    assert blocker.stdout is not None
    blocker.stdout.readline()
    try:
        with pytest.raises(EmbeddedServerError, match=r"another process owns .* does not answer after"):
            EmbeddedServer(new_home, start_timeout_seconds=0.2).start()
    finally:
        blocker.kill()
        blocker.communicate()


BLOCK = """
import fcntl, sys, time
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print(flush=True)
time.sleep(60)
"""


def test_a_reused_process_id_is_not_taken_for_the_server(home: Path) -> None:
    with EmbeddedServer(home) as server:
        make_table(server.url("postgres"), 2)
        pid_file = server.data / "postmaster.pid"
        text = pid_file.read_text()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        pid_file.write_text(text.replace(text.split("\n")[0], str(stranger.pid), 1))
        with EmbeddedServer(home) as server:
            assert count(server.url("postgres")) == 2
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_first_start_is_begun_again(new_home: Path) -> None:
    draft = new_home / "postgres.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(new_home) as server:
        assert accepts_connections(server.url("postgres"))
    assert not draft.exists()


def test_a_server_that_cannot_start_is_reported_with_the_end_of_its_log(home: Path) -> None:
    server = EmbeddedServer(home, settings={"shared_buffers": "plenty"})
    with pytest.raises(EmbeddedServerError) as caught:
        server.start()
    assert str(home / "postgres.log") in str(caught.value)
    assert 'invalid value for parameter "shared_buffers": "plenty"' in str(caught.value)
    assert not server.owned
    with EmbeddedServer(home) as mended:
        assert mended.owned


def test_a_home_with_a_long_path_has_its_socket_elsewhere(folder: Path) -> None:
    home = folder / ("h" * 60) / ("h" * 60)
    with EmbeddedServer(home) as server:
        assert server.owned
        with EmbeddedServer(home) as attached:
            assert not attached.owned
        sockets = Path(show(server.url("postgres"), "unix_socket_directories").strip('"'))
        assert sockets.parent == Path("/tmp")  # noqa: S108
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()


def test_a_socket_folder_that_others_can_enter_is_refused(home: Path) -> None:
    (home / "sockets").mkdir()
    (home / "sockets").chmod(0o755)
    with pytest.raises(EmbeddedServerError, match="is not a private folder"):
        EmbeddedServer(home).start()


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="needs PostgreSQL 15 of the system")
def test_binaries_of_choice_and_data_of_another_version(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedServer(home):
        pass
    monkeypatch.setenv("AURORA_PG_BIN", str(DEBIAN_15))
    with pytest.raises(EmbeddedServerError, match=r"made by PostgreSQL 18 and AURORA_PG_BIN holds 15\."):
        EmbeddedServer(home).start()
    old = folder / "old"
    with EmbeddedServer(old) as server:
        assert show(server.url("postgres"), "server_version").startswith("15.")
    monkeypatch.delenv("AURORA_PG_BIN")
    with EmbeddedServer(old) as server:  # found by the version of the data
        assert show(server.url("postgres"), "server_version").startswith("15.")


def test_a_wrong_folder_of_binaries_is_named(new_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURORA_PG_BIN", "/nowhere")
    with pytest.raises(ConfigurationError, match="AURORA_PG_BIN is /nowhere, which does not hold postgres"):
        EmbeddedServer(new_home).start()


def test_settings_follow_the_machine() -> None:
    large = default_settings(ram_mib=65_536, shared_memory_mib=32_768)
    assert large["shared_buffers"] == "1024MB"
    assert "dynamic_shared_memory_type" not in large
    small = default_settings(ram_mib=2_048, shared_memory_mib=64)
    assert small["shared_buffers"] == "256MB"
    assert small["dynamic_shared_memory_type"] == "sysv"


def test_parallel_queries_work_with_the_settings_of_a_container(home: Path) -> None:
    settings = default_settings(ram_mib=2_048, shared_memory_mib=64)
    parallel = {"min_parallel_table_scan_size": "0", "parallel_setup_cost": "0", "parallel_tuple_cost": "0"}
    with EmbeddedServer(home, settings={**settings, **parallel}) as server:
        make_table(server.url("postgres"), 10_000)
        with psycopg.connect(server.url("postgres")) as connection:
            plan = connection.execute("explain (analyze) select count(*) from kept").fetchall()
        assert any("Workers Launched" in line for (line,) in plan)


def test_nothing_is_logged_when_all_lies_in_the_home(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), EmbeddedServer(home):
        pass
    assert caplog.messages == []
