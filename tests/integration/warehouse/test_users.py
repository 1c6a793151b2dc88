"""The embedded server under the users and folders that machines have: root, private homes, several users."""

import logging
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aurora_resources.errors import EmbeddedServerError
from aurora_resources.postgres.binaries import find_binaries
from aurora_resources.postgres.paths import prepare
from aurora_resources.postgres.privileges import Account
from aurora_resources.postgres.process import accepts_connections
from aurora_resources.postgres.server import EmbeddedServer

CHECKOUT = Path(__file__).resolve().parents[3]
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root meets this")


@pytest.fixture
def shared_root(folder: Path) -> Path:
    """Replaces the machine's own folder for what root copies for the server's user."""
    return folder / "shared"


@pytest.fixture
def private(folder: Path) -> Path:
    """A folder that only its owner can enter, like a home directory."""
    made = folder / "private"
    made.mkdir(mode=0o700)
    return made


def runs_as(pid: int | None) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def copy_installation(programs: Path, target: Path) -> Path:
    """Copy a server's programs, as a wheel lays them out, and return the copy's folder of programs."""
    package = programs.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(programs.parent, target / package.name / programs.parent.name, symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    return target / package.name / programs.parent.name / programs.name


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@root_only
def test_root_runs_the_server_as_an_unprivileged_user(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), EmbeddedServer(home) as server:
        assert runs_as(server.server_pid) != 0
        assert server.data == home / "postgres"
        assert server.data.stat().st_uid == runs_as(server.server_pid)
        groups = Path(f"/proc/{server.server_pid}/status").read_text().split("Groups:")[1].split("\n")[0]
        assert groups.strip() == ""
    assert caplog.messages == []


@root_only
def test_root_in_a_private_folder_keeps_the_data_elsewhere_and_says_so(
    private: Path, shared_root: Path, hold: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    home = private / "project" / ".aurora"
    with EmbeddedServer(home, shared_root=shared_root) as server:
        assert len(caplog.messages) == 1
        assert str(server.data) in caplog.messages[0]
        assert "cannot reach" in caplog.messages[0]
        assert server.data.is_relative_to(shared_root)
        with psycopg.connect(server.url("postgres")) as connection:
            connection.execute("create table kept as select 1 as number")
        attached = hold(home, extra=["--shared-root", str(shared_root)])
        assert attached.said["owned"] is False
        attached.let_go()
    with EmbeddedServer(home, shared_root=shared_root) as again:
        assert again.data == server.data
        with psycopg.connect(again.url("postgres")) as connection:
            assert connection.execute("select number from kept").fetchall() == [(1,)]
    assert mode(private) == 0o700
    assert mode(shared_root) == 0o755


@root_only
def test_a_private_home_made_anew_has_new_data(private: Path, shared_root: Path) -> None:
    home = private / "home"
    home.mkdir()
    first = prepare(home, shared_root).data
    assert prepare(home, shared_root).data == first
    shutil.rmtree(home)
    home.mkdir()
    assert prepare(home, shared_root).data != first


@root_only
def test_data_that_their_user_can_no_longer_reach_are_an_error(folder: Path, home: Path) -> None:
    folder.chmod(0o700)
    with pytest.raises(EmbeddedServerError, match=r"holds data that user .* can no longer reach"):
        EmbeddedServer(home).start()
    assert mode(folder) == 0o700


@root_only
def test_a_shared_place_that_others_can_change_is_refused(private: Path, shared_root: Path) -> None:
    shared_root.mkdir()
    shared_root.chmod(0o777)
    with pytest.raises(EmbeddedServerError, match="must belong to root"):
        EmbeddedServer(private / "home", shared_root=shared_root).start()


@root_only
def test_binaries_in_a_private_folder_are_copied(
    private: Path,
    shared_root: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = find_binaries()
    monkeypatch.setenv("AURORA_PG_BIN", str(copy_installation(found.folder, private)))
    with EmbeddedServer(home, shared_root=shared_root) as server:
        program = Path(f"/proc/{server.server_pid}/exe").readlink()
        assert program.is_relative_to(shared_root)
        assert [message for message in caplog.messages if str(shared_root) in message]
    copies = sorted(shared_root.iterdir())
    with EmbeddedServer(home, shared_root=shared_root):
        assert sorted(shared_root.iterdir()) == copies
    assert mode(private) == 0o700


@root_only
def test_binaries_that_the_servers_user_may_not_read_are_copied(
    folder: Path, shared_root: Path, new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_binaries()
    programs = copy_installation(found.folder, folder)
    for path in (programs.parent / "share").rglob("*"):  # as an installation under umask 077 leaves them
        path.chmod(0o700 if path.is_dir() else 0o600)
    monkeypatch.setenv("AURORA_PG_BIN", str(programs))
    with EmbeddedServer(new_home, shared_root=shared_root) as server:
        assert accepts_connections(server.url("postgres"))


def own(path: Path, account: Account, permissions: int = 0o700) -> Path:
    path.mkdir(exist_ok=True)
    path.chmod(permissions)
    os.chown(path, account.uid, account.gid)
    return path


def give(home: Path, target: Path, account: Account) -> Path:
    """A copy of a home and its data, as if the account had made it."""
    subprocess.run(["cp", "-a", home, target], check=True)
    subprocess.run(["chown", "-R", f"{account.uid}:{account.gid}", target], check=True)
    return target


def test_a_normal_user_in_a_private_home(
    folder: Path, hold: Callable[..., Any], as_user: Callable[[str], Account]
) -> None:
    nobody = as_user("nobody")
    private = own(folder / "hers", nobody)
    holder = hold(private / ".aurora", account=nobody)
    assert holder.said["owned"] is True
    assert runs_as(holder.said["server_pid"]) == nobody.uid
    assert holder.said["data"] == str(private / ".aurora" / "postgres")
    assert hold(private / ".aurora", account=nobody).said["owned"] is False


def test_two_users_on_one_machine(
    folder: Path, home: Path, hold: Callable[..., Any], as_user: Callable[[str], Account]
) -> None:
    """Their paths are too long for a socket, so that both need a place in the shared temporary folder."""
    accounts = [as_user("nobody"), as_user("postgres")]
    long = "l" * 80
    homes = [give(home, own(folder / f"{account.uid}", account) / long, account) for account in accounts]
    first, second = (hold(home, account=account) for home, account in zip(homes, accounts, strict=True))
    assert [first.said["owned"], second.said["owned"]] == [True, True]
    assert first.said["url"] != second.said["url"]
    assert accepts_connections(first.said["url"])


def test_another_users_home_is_refused_with_a_way_out(
    folder: Path, home: Path, hold: Callable[..., Any], as_user: Callable[[str], Account]
) -> None:
    said = hold(home, account=as_user("nobody")).said
    assert "Aurora cannot keep its database in" in said["error"]
    assert "set AURORA_HOME" in said["error"]


def test_a_checkout_that_cannot_be_written(
    folder: Path, hold: Callable[..., Any], as_user: Callable[[str], Account]
) -> None:
    nobody = as_user("nobody")
    checkout = folder / "checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "aurora_resources", checkout / "aurora_resources", ignore=ignored)
    shutil.copytree(CHECKOUT / "sql", checkout / "sql")
    subprocess.run(["chmod", "-R", "a-w,a+rX", checkout], check=True)
    refused = hold(None, account=nobody, checkout=checkout, cwd=checkout)
    assert f"Aurora cannot keep its database in {checkout}/.aurora" in refused.said["error"]
    elsewhere = own(folder / "elsewhere", nobody)
    holder = hold(None, account=nobody, checkout=checkout, cwd=checkout, AURORA_HOME=str(elsewhere / "home"))
    assert holder.said["owned"] is True
    assert holder.said["data"] == str(elsewhere / "home" / "postgres")


def test_root_runs_the_server_of_a_users_home_as_that_user(
    folder: Path, home: Path, hold: Callable[..., Any], as_user: Callable[[str], Account]
) -> None:
    nobody = as_user("nobody")
    give(home, folder / "hers", nobody)
    home = folder / "hers"
    with EmbeddedServer(home) as server:
        assert runs_as(server.server_pid) == nobody.uid
    again = hold(home, account=nobody)
    assert again.said.get("owned") is True


def test_what_root_begins_in_a_users_home_the_user_can_go_on_with(
    folder: Path, hold: Callable[..., Any], as_user: Callable[[str], Account]
) -> None:
    nobody = as_user("nobody")
    home = own(folder / "hers", nobody)
    with EmbeddedServer(home) as server:
        assert runs_as(server.server_pid) == nobody.uid
    assert hold(home, account=nobody).said.get("owned") is True
