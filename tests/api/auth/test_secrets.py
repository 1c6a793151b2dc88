"""The secret that tokens are signed with, passwords' hashes, and the demonstration's users."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aurora_api.access import token_keys
from aurora_api.access.authenticate import Identity
from aurora_api.access.demo_users import ensure_demo_users, kept_demo_users
from aurora_api.access.passwords import Passwords
from aurora_api.access.token_keys import TokenKeys, stored_secret, token_keys_from_environment, write_once
from aurora_resources.errors import ConfigurationError

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Running, Service

STRONG = "kq7Zr0aYxB3mPw9sVd2LhTn6FgJ8uQeC"


@pytest.fixture(autouse=True)
def _no_secret_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (token_keys.SECRET_VARIABLE, token_keys.PREVIOUS_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "a" * 64,
        "ab" * 40,
        "changeme" + STRONG,
        STRONG + "Secret",
        STRONG[:31],
        "0123456789" * 5,
        " " * 50,
    ],
)
def test_a_weak_secret_is_refused_and_not_told(monkeypatch: pytest.MonkeyPatch, weak: str) -> None:
    monkeypatch.setenv(token_keys.SECRET_VARIABLE, weak)
    with pytest.raises(ConfigurationError, match="too weak") as refused:
        token_keys_from_environment()
    assert weak not in str(refused.value)


def test_a_good_secret_signs_and_the_one_before_it_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(token_keys.SECRET_VARIABLE, STRONG)
    before = token_keys_from_environment().issue(Identity(1, "oidc"))
    monkeypatch.setenv(token_keys.SECRET_VARIABLE, STRONG[::-1])
    assert not token_keys_from_environment().owns(before)
    monkeypatch.setenv(token_keys.PREVIOUS_VARIABLE, STRONG)
    assert token_keys_from_environment().check(before) == Identity(1, "oidc")
    monkeypatch.setenv(token_keys.PREVIOUS_VARIABLE, "weak")
    with pytest.raises(ConfigurationError):
        token_keys_from_environment()
    with pytest.raises(ValueError, match="secret"):
        TokenKeys([])


def test_beside_a_database_of_somebody_elses_a_secret_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURORA_DATABASE_URL", "postgresql://db.example.org/aurora")
    with pytest.raises(ConfigurationError, match="AURORA_TOKEN_SECRET is not set"):
        token_keys_from_environment()


def test_on_a_machine_of_ones_own_one_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as processes:
        made = set(processes.map(lambda _: stored_secret(tmp_path / "home"), range(8)))
    assert len(made) == 1
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["token-secret"]
    path = tmp_path / "home" / "token-secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        stored_secret(tmp_path / "home")
    path.chmod(0o600)
    path.write_text("")
    with pytest.raises(ConfigurationError, match="too weak"):
        stored_secret(tmp_path / "home")


def test_what_is_derived_for_another_purpose_is_another_key() -> None:
    keys = TokenKeys([STRONG])
    assert keys.derive("statement-download") == TokenKeys([STRONG]).derive("statement-download")
    assert len({keys.derive("statement-download"), keys.derive("access-token"), keys.derive("x")}) == 3
    assert STRONG not in repr(keys)


def test_a_password_is_hashed_with_argon2id_and_checked() -> None:
    passwords = Passwords()
    stored = passwords.hash("correct-horse-battery")
    assert stored.startswith("$argon2id$")
    assert stored != passwords.hash("correct-horse-battery")
    assert passwords.verify(stored, "correct-horse-battery")
    assert not passwords.verify(stored, "correct-horse-batterx")
    assert not passwords.verify(None, "correct-horse-battery")
    assert not passwords.verify("no hash", "correct-horse-battery")
    assert not passwords.verify(stored, "x" * 10_000)
    longest = "correct-horse-" * 36 + "battery!"
    assert passwords.verify(passwords.hash(longest), longest)
    assert not passwords.verify(passwords.hash(longest), longest + "x")
    assert not passwords.verify(stored, "\ud800")
    assert not passwords.is_outdated(stored)


def test_the_demonstration_has_a_user_of_each_role_who_can_sign_in(
    running: Running, filled: Warehouse, tmp_path: Path
) -> None:
    assert kept_demo_users(tmp_path) == ()
    users = ensure_demo_users(filled, tmp_path, "north")
    assert sorted(user.role for user in users) == ["ADMIN", "AUDITOR", "FINANCE", "OPS", "PARTNER"]
    assert stat.S_IMODE((tmp_path / "demo-users.json").stat().st_mode) == 0o600
    assert ensure_demo_users(filled, tmp_path, "north") == list(users) == kept_demo_users(tmp_path)
    with running(filled) as service:
        for user in users:
            assert role_of(service, user.username, user.password) == user.role
        # A home that was emptied gives them new passwords.
        (tmp_path / "demo-users.json").unlink()
        for before, now in zip(users, ensure_demo_users(filled, tmp_path, "north"), strict=True):
            assert role_of(service, before.username, before.password) is None
            assert role_of(service, now.username, now.password) == now.role
    write_once(tmp_path / "other", "x")
    (tmp_path / "demo-users.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="damaged"):
        kept_demo_users(tmp_path)


def role_of(service: Service, username: str, password: str) -> str | None:
    """The role that this person has once signed in; None when they cannot."""
    login = "mutation ($i: LoginInput!) { login(input: $i) { ... on Session { accessToken } } }"
    answer = service.with_token(None).ask(login, i={"username": username, "password": password})["login"]
    if not answer:
        return None
    role: str = service.with_token(answer["accessToken"]).ask("{ me { role } }")["me"]["role"]
    return role
