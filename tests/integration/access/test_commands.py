"""`aurora user` and `aurora audit` as typed: what they change, what they refuse, and what is noted of it."""

import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aurora_api.access.passwords import Passwords
from aurora_api.commands import user as user_command
from aurora_api.commands.audit import system_user
from aurora_api.commands.main import app
from aurora_resources.warehouse.connection import Warehouse

CHECKOUT = Path(__file__).resolve().parents[3]
SECRET = "correct horse battery"


@pytest.fixture
def books(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setenv("AURORA_DATABASE_URL", warehouse.url)
    monkeypatch.delenv(user_command.PASSWORD_VARIABLE, raising=False)
    with warehouse.connect() as connection:
        connection.execute("insert into registry.partners (code, name) values ('north', 'North')")
    return warehouse


def typed(*arguments: str, stdin: str | None = None) -> str:
    done = CliRunner().invoke(app, list(arguments), input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def listed() -> dict[str, dict[str, object]]:
    return {user["username"]: user for user in json.loads(typed("user", "list", "--json"))}


def test_add_list_disable_enable_expire(books: Warehouse) -> None:
    assert typed("user", "add", "Ann", "--role", "admin", stdin=f"{SECRET}\n") == "ann is ADMIN, active\n"
    typed(
        *("user", "add", "nora", "--role", "PARTNER", "--partner", "north", "--validator", "val-a"),
        *("--name", "Nora N"),
        stdin=f"{SECRET}\n",
    )
    typed(
        "user", "add", "otto", "--role", "OPS", "--oidc", "issuer", "otto-7", "--chain", "a", "--chain", "b"
    )
    users = listed()
    assert list(users) == ["ann", "nora", "otto"]
    assert (users["nora"]["partner"], users["nora"]["validatorKeys"]) == ("north", ["val-a"])
    assert (users["nora"]["displayName"], users["nora"]["hasPassword"]) == ("Nora N", True)
    assert (users["otto"]["chainIds"], users["otto"]["hasPassword"]) == (["a", "b"], False)
    assert typed("user", "disable", "nora") == "nora is PARTNER of north, disabled\n"
    assert typed("user", "enable", "nora") == "nora is PARTNER of north, active\n"
    assert "active until 2099-12-31 00:00 UTC" in typed("user", "expire", "nora", "2099-12-31")
    assert "expired 2020-01-01 11:00 UTC" in typed("user", "expire", "nora", "2020-01-01T12:00+01:00")
    assert "disabled" not in typed("user", "expire", "nora", "never")
    assert "Nora N" in typed("user", "list")
    with books.connect() as connection:
        noted = connection.execute(
            "select action, object_id, outcome, actor from access.audit_log order by sequence"
        ).fetchall()
    assert [row[:3] for row in noted] == [
        ("createUser", "ann", "DONE"),
        ("createUser", "nora", "DONE"),
        ("createUser", "otto", "DONE"),
        *[("updateUser", "nora", "DONE")] * 5,
    ]
    assert {row[3] for row in noted} == {f"command line: {system_user()}"}


def test_a_password_comes_from_the_environment_or_a_line_and_is_kept_nowhere_but_as_hash(
    books: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("user", "add", "ann", "--role", "ADMIN", stdin=f"{SECRET} one\r\nnot this")
    assert Passwords().verify(stored_hash(books), f"{SECRET} one")
    with books.connect() as connection:
        connection.execute(
            "insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at)"
            " select sha256('x'), gen_random_uuid(), user_id, now() + interval '1 day' from access.users"
        )
    monkeypatch.setenv(user_command.PASSWORD_VARIABLE, f"{SECRET} two")
    assert "has a new password, and no session any more" in typed("user", "set-password", "ann")
    assert Passwords().verify(stored_hash(books), f"{SECRET} two")
    with books.connect() as connection:
        revoked = connection.execute(
            "select count(*) from access.refresh_tokens where revoked_at is not null"
        )
        assert revoked.fetchone() == (1,)
        kept = connection.execute("select string_agg(log::text, '') from access.audit_log as log").fetchone()
    assert kept is not None
    assert SECRET not in kept[0]
    assert "argon2" not in kept[0]


def test_two_passwords_at_a_terminal_must_be_the_same(
    books: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([SECRET, "another long password"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", lambda _: next(answers))
    with pytest.raises(user_command.UserCommandError, match="not the same"):
        user_command.change_password("ann")
    assert books.address


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "eve", "--role", "PARTNER"), "a user of the role PARTNER needs a partner"),
        (("add", "eve", "--role", "PARTNER", "--partner", "west"), "there is no such partner"),
        (("add", "eve", "--role", "AUDITOR"), "an auditor needs an expiry"),
        (("add", "ann", "--role", "OPS"), "another user has this username"),
        (("add", "bad name", "--role", "OPS"), "a username has"),
        (("add", "eve", "--role", "OPS", "--expires", "soon"), "soon is not a time"),
        (("disable", "ann"), "last administrator"),
        (("disable", "eve"), "there is no such user"),
        (("set-password", "eve"), "there is no such user"),
    ],
)
def test_what_is_refused_changes_and_notes_nothing(
    books: Warehouse, arguments: tuple[str, ...], told: str
) -> None:
    typed("user", "add", "ann", "--role", "ADMIN", stdin=SECRET)
    before = listed()
    with pytest.raises(user_command.UserCommandError, match=told):
        typed("user", *arguments, stdin=SECRET)
    assert listed() == before
    with books.connect() as connection:
        assert connection.execute("select count(*) from access.audit_log").fetchone() == (1,)


def test_a_weak_password_is_refused_and_not_repeated(books: Warehouse) -> None:
    with pytest.raises(user_command.UserCommandError, match="12 to 512 characters") as caught:
        typed("user", "add", "ann", "--role", "ADMIN", stdin="hush\n")
    assert "hush" not in str(caught.value)
    assert books.address


def test_the_log_is_proved_and_a_touched_one_ends_with_1(books: Warehouse) -> None:
    typed("user", "add", "ann", "--role", "ADMIN", stdin=SECRET)
    told = typed("audit", "verify")
    assert told.startswith("1 rows: none was edited, removed or inserted\nhead 1:")
    head = json.loads(typed("audit", "verify", "--json"))["head"]
    typed("user", "add", "bob", "--role", "ADMIN", stdin=SECRET)
    assert "2 rows: none was" in typed("audit", "verify", "--anchor", head)
    with books.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update access.audit_log set actor = 'eve' where sequence = 1")
    done = CliRunner().invoke(app, ["audit", "verify", "--anchor", head])
    assert done.exit_code == 1
    assert "row 1 is not what was written: edited" in done.output
    assert "THE LOG WAS TOUCHED" in done.output
    assert json.loads(CliRunner().invoke(app, ["audit", "verify", "--json"]).output)["intact"] is False


def test_what_a_file_changed_is_noted_and_a_second_loading_is_not(
    books: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(CHECKOUT))
    monkeypatch.setenv("SOLANABEACH_API_KEY", "k")
    typed("agreement", "load", str(CHECKOUT / "partners.yaml"))
    assert "nothing new" in typed("agreement", "load", str(CHECKOUT / "partners.yaml"))
    with books.connect() as connection:
        noted = connection.execute("select action, object_id, after ->> 'wallets' from access.audit_log")
        assert noted.fetchall() == [("agreements.load", "partners.yaml", "7")]
    assert "1 rows: none was" in typed("audit", "verify")


def test_times_are_utc_where_they_do_not_say() -> None:
    assert user_command.read_time("2026-12-31") == datetime(2026, 12, 31, tzinfo=UTC)


def stored_hash(books: Warehouse) -> str:
    with books.connect() as connection:
        found = connection.execute("select password_hash from access.users").fetchone()
    assert found is not None
    return str(found[0])
