"""Signing in, refreshing and signing out, as a portal does it."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher

from aurora_api.access.rates import RateLimits
from aurora_api.service.settings import ApiSettings

if TYPE_CHECKING:
    from aurora_api.access.token_keys import TokenKeys
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.auth.conftest import Person
    from tests.api.conftest import Running

LOGIN = """mutation ($input: LoginInput!) { login(input: $input) {
    ... on Session { accessToken } ... on Problem { code } } }"""
ME = "{ me { username role } }"
LOGOUT = "mutation { logout { __typename ... on Problem { code } } }"


def test_a_person_signs_in_asks_refreshes_and_signs_out(person: Person) -> None:
    first = person.login()
    assert (first["__typename"], first["expiresInSeconds"]) == ("Session", 900)
    service = person.service.with_token(first["accessToken"])
    assert service.ask(ME)["me"] == {"username": "finance", "role": "FINANCE"}
    second = person.refresh(first["refreshToken"])
    assert second["refreshToken"] != first["refreshToken"]
    # Refreshing does not make a session longer.
    assert second["sessionEndsAt"] == first["sessionEndsAt"]
    service = service.with_token(second["accessToken"])
    assert service.ask(LOGOUT)["logout"] == {"__typename": "Done"}
    assert service.code(ME) == "SESSION_REVOKED"
    assert person.refresh(second["refreshToken"])["code"] == "SESSION_REVOKED"


def test_a_refresh_token_used_twice_ends_the_whole_session(person: Person) -> None:
    first = person.login()
    other = person.login()
    second = person.refresh(first["refreshToken"])
    assert person.refresh(first["refreshToken"])["code"] == "REFRESH_REUSED"
    # Whoever has the newer tokens is out, too: nobody can say which of the two was the thief.
    assert person.refresh(second["refreshToken"])["code"] == "SESSION_REVOKED"
    for token in (first["accessToken"], second["accessToken"]):
        assert person.service.with_token(token).code(ME) == "SESSION_REVOKED"
    # Another session of the same person goes on.
    assert person.service.with_token(other["accessToken"]).ask(ME)["me"]


def test_of_two_who_refresh_at_once_one_is_the_thief(person: Person) -> None:
    first = person.login()
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(person.refresh, [first["refreshToken"]] * 4))
    codes = sorted(answer.get("code", "Session") for answer in answers)
    # Later ones find the session already ended.
    assert codes[-1] == "Session" and codes[0] == "REFRESH_REUSED" and codes[2] == "SESSION_REVOKED", codes
    assert person.service.with_token(first["accessToken"]).code(ME) == "SESSION_REVOKED"


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\0b", "x" * 100_000])
def test_odd_texts_are_no_credentials(person: Person, text: str) -> None:
    for given in ({"username": text, "password": "x"}, {"username": "finance", "password": text}):
        answer = person.service.with_token(None).client.post(
            f"{person.service.url}/graphql",
            content=json.dumps({"query": LOGIN, "variables": {"input": given}}),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code in {200, 400}
        assert "INTERNAL" not in answer.text
        assert "accessToken" not in answer.text


@pytest.mark.parametrize("token", ["", "aurr_", "aurr_unknown", "aurr_\u00e9", "x" * 9000])
def test_no_refresh_token_is_no_session(person: Person, token: str) -> None:
    assert person.refresh(token)["code"] == "TOKEN_INVALID"


def test_an_expired_session_is_not_refreshed(person: Person, filled: Warehouse) -> None:
    signed_in = person.login()
    with filled.transaction() as session:
        session.execute("update access.refresh_tokens set expires_at = now()")
    assert person.refresh(signed_in["refreshToken"])["code"] == "SESSION_EXPIRED"
    assert person.service.with_token(signed_in["accessToken"]).code(ME) == "SESSION_EXPIRED"


def test_an_unknown_user_and_a_wrong_password_are_told_alike_and_cost_the_same(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, stored: str, password: Any) -> bool:
        checked.append(stored)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    wrong = person.login("wrong-horse-battery")
    unknown = person.login(username="nobody-here")
    without = person.login(username="ops")  # has no password
    odd = person.login(username="no such; username'")
    assert wrong == unknown == without == odd
    assert wrong["code"] == "CREDENTIALS_INVALID"
    # One verification each, of a hash made at the same cost.
    assert len(checked) == 4
    assert len({stored.rpartition("$")[0].rpartition("$")[0] for stored in checked}) == 1
    assert checked[1] == checked[2] == checked[3] != checked[0]


@pytest.mark.parametrize(
    ("change", "code"),
    [("active = false", "USER_DISABLED"), ("expires_at = now() - interval '1 second'", "USER_EXPIRED")],
)
def test_who_may_not_come_any_more_is_told_only_with_the_right_password(
    person: Person, filled: Warehouse, change: str, code: str
) -> None:
    signed_in = person.login()
    with filled.transaction() as session:
        session.execute(f"update access.users set {change} where username = 'finance'")
    assert person.login()["code"] == code
    assert person.login("wrong-horse-battery")["code"] == "CREDENTIALS_INVALID"
    assert person.refresh(signed_in["refreshToken"])["code"] == code
    assert person.service.with_token(signed_in["accessToken"]).code(ME) == code


def test_attempts_to_sign_in_are_limited_by_address_also_within_one_request(
    running: Running, filled: Warehouse, keys: TokenKeys
) -> None:
    attempt = 'login(input: {username: "finance", password: "wrong"}) { ... on Problem { code message } }'
    with running(filled, ApiSettings(keys, limits=RateLimits(logins_per_minute=3))) as service:
        nobody = service.with_token(None)
        answer = nobody.post(f"mutation {{ a: {attempt} b: {attempt} c: {attempt} d: {attempt} }}")
        codes = [answer.json()["data"][name]["code"] for name in "abcd"]
        assert codes == ["CREDENTIALS_INVALID"] * 3 + ["RATE_LIMITED"]
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert answer.headers["RateLimit-Policy"] == '"login";q=3;w=60'
        assert answer.headers["RateLimit"].startswith('"login";r=0;t=')
        assert nobody.post(f"mutation {{ {attempt} }}").status_code == 429
        # Those who are signed in go on.
        assert service.ask(ME)["me"]


def test_requests_are_limited_by_user(running: Running, filled: Warehouse, keys: TokenKeys) -> None:
    with running(filled, ApiSettings(keys, limits=RateLimits(requests_per_hour=2))) as service:
        answers = [service.post(ME) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].headers["RateLimit"].startswith('"user";r=1;t=')
        assert answers[0].headers["RateLimit-Policy"] == '"user";q=2;w=3600'
        assert "Retry-After" not in answers[1].headers
        assert answers[2].json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert 1 <= int(answers[2].headers["Retry-After"]) <= 3600
        assert service.as_user("ops").ask(ME)["me"]


def test_of_tokens_only_digests_are_kept_and_every_attempt_is_written_down(
    person: Person, filled: Warehouse
) -> None:
    signed_in = person.login()
    person.login("wrong-horse-battery")
    person.login(username="correct-horse-battery")  # typed into the wrong box
    with filled.connect() as session:
        digests = session.execute("select token_digest from access.refresh_tokens").fetchall()
        log = session.execute(
            "select actor, action, outcome, after from access.audit_log order by sequence"
        ).fetchall()
        everything = session.execute("select string_agg(t::text, '') from access.audit_log as t").fetchone()
    assert hashlib.sha256(signed_in["refreshToken"].encode()).digest() in [row[0] for row in digests]
    assert log == [
        ("finance", "login", "DONE", None),
        ("finance", "login", "REFUSED", "CREDENTIALS_INVALID"),
        ("(unknown user)", "login", "REFUSED", "CREDENTIALS_INVALID"),
    ]
    assert "horse" not in str(everything)


def test_a_changed_password_ends_the_other_sessions(person: Person) -> None:
    here, elsewhere = person.login(), person.login()
    service = person.service.with_token(here["accessToken"])
    change = """mutation ($input: ChangePasswordInput!) { changePassword(input: $input) {
        __typename ... on Problem { code field } } }"""
    wrong = service.ask(change, input={"password": "wrong-horse-battery", "newPassword": "another-long-one"})
    assert wrong["changePassword"]["code"] == "CREDENTIALS_INVALID"
    short = service.ask(change, input={"password": person.password, "newPassword": "short"})
    assert short["changePassword"]["code"] == "INVALID_ARGUMENT"
    done = service.ask(change, input={"password": person.password, "newPassword": "another-long-one"})
    assert done["changePassword"] == {"__typename": "Done"}
    assert service.ask(ME)["me"]
    assert service.with_token(elsewhere["accessToken"]).code(ME) == "SESSION_REVOKED"
    assert person.login()["code"] == "CREDENTIALS_INVALID"
    assert person.login("another-long-one")["__typename"] == "Session"
