"""What a partner may do reaches nothing of another's: files of statements, and programs' tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import jwt
import pytest

from aurora_api.access.download_tokens import PURPOSE
from tests.api.conftest import KEYS

if TYPE_CHECKING:
    import httpx

    from tests.api.isolation.belongings import Belongings, Books

USERS = ("north", "south")
DOWNLOAD = """mutation($id: ID!) { downloadStatement(input: {statementId: $id, format: CSV}) {
    ... on StatementDownload { path } } }"""
REVOKE = """mutation($id: ID!) { revokeApiToken(input: {apiTokenId: $id}) {
    ... on ApiToken { revokedAt } ... on Problem { code } } }"""
CREATE = """mutation { createApiToken(input: {name: "short", scopes: [READ_PNL]}) {
    ... on NewApiToken { token apiToken { id } } } }"""


def _token(books: Books, own: Belongings) -> str:
    asked = books.service.as_user(own.user).ask(DOWNLOAD, id=own.things["Statement"])
    return str(asked["downloadStatement"]["path"]).partition("=")[2]


def _fetch(books: Books, token: str) -> httpx.Response:
    return books.service.client.get(f"{books.service.url}/statements/download?token={token}")


def _told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, re.sub(r'"correlationId":"[^"]*"', "", answer.text)


@pytest.mark.parametrize("user", USERS)
def test_an_address_changed_to_anothers_statement_is_one_changed_to_none(books: Books, user: str) -> None:
    """With the signature of one's own address, and with a right one, which only the service could make."""
    own, theirs = books.owned[user], books.other(user)
    token = _token(books, own)
    mine = _fetch(books, token)
    assert mine.status_code == 200
    assert own.things["code"] in mine.text
    assert [mark for mark in theirs.marks if mark in mine.text] == []
    claims = jwt.decode(token, options={"verify_signature": False})
    head, _, signature = token.split(".")

    def changed(code: str) -> tuple[str, str]:
        made = jwt.encode(claims | {"partner": code}, KEYS.derive(PURPOSE), algorithm="HS256")
        return f"{head}.{made.split('.')[1]}.{signature}", made

    foreign, missing = changed(theirs.things["code"]), changed(theirs.missing("code"))
    for one, other, status in zip(foreign, missing, (403, 404), strict=True):
        told = _told(_fetch(books, one))
        assert told == _told(_fetch(books, other))
        assert told[0] == status


@pytest.mark.parametrize("user", USERS)
def test_anothers_address_is_good_for_nothing_else(books: Books, user: str) -> None:
    """It is no access token: with it one is not the other, and it opens the one file it names."""
    own, theirs = books.owned[user], books.other(user)
    token = _token(books, theirs)
    asked = books.service.with_token(token).post("{ me { username } }")
    assert (asked.status_code, asked.json()["errors"][0]["extensions"]["code"]) == (401, "TOKEN_INVALID")
    fetched = _fetch(books, token)
    assert [mark for mark in own.marks if mark in fetched.text] == []


@pytest.mark.parametrize("user", USERS)
def test_a_program_goes_on_whatever_the_other_revokes(books: Books, user: str) -> None:
    theirs = books.other(user)
    made = books.service.as_user(theirs.user).ask(CREATE)["createApiToken"]
    program, named = books.service.with_token(made["token"]), made["apiToken"]["id"]
    refused = books.service.as_user(user).ask(REVOKE, id=named)["revokeApiToken"]
    assert refused == {"code": "NOT_FOUND"}
    assert program.ask("{ me { username } }") == {"me": {"username": theirs.user}}
    assert books.service.as_user(theirs.user).ask(REVOKE, id=named)["revokeApiToken"]["revokedAt"]
    assert program.code("{ me { username } }") == "SESSION_REVOKED"
