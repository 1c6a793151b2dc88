"""Another partner's thing is answered exactly as one that does not exist, wherever it can be named."""

from __future__ import annotations

import json
import re
from string import Template
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.isolation.attempts import (
    ATTEMPTS,
    EVERYBODYS_NODES,
    EVERYBODYS_POINTS,
    NAMES_NOTHING,
    NOT_SCOPED,
    Attempt,
)
from tests.api.isolation.belongings import revealed
from tests.api.isolation.partner_schema import naming_arguments, node_types, roots, selection_of

if TYPE_CHECKING:
    import httpx

    from tests.api.conftest import Service
    from tests.api.isolation.belongings import Belongings, Books

USERS = ("north", "south")
LOOKED_FOR = {"NOT_FOUND", "INVALID_CURSOR"}
# They differ from request to request whatever was asked.
UNSTEADY = {"date", "content-length", "x-correlation-id", "ratelimit"}


def test_no_place_is_forgotten() -> None:
    """A new argument, node type or root field that a partner may use needs an attempt, or a reason."""
    tried = {attempt.point for attempt in ATTEMPTS}
    named = naming_arguments()
    open_points = {point for point in named if point.rpartition(".")[2] in NAMES_NOTHING}
    assert tried | open_points | set(EVERYBODYS_POINTS) == named
    nodes = {attempt.thing for attempt in ATTEMPTS if attempt.point == "Query.node.id"}
    assert nodes | EVERYBODYS_NODES == node_types()
    assert {attempt.root for attempt in ATTEMPTS} | set(NOT_SCOPED) == set(roots())


def _field(attempt: Attempt, asking: Belongings, thing: str) -> str:
    selection = attempt.selection or selection_of(attempt.root)
    return Template(f"{attempt.text} {selection}").substitute(asking.things, thing=thing)


def _document(attempt: Attempt, fields: str) -> str:
    return f"{attempt.root.partition('.')[0].lower()} {{ {fields} }}"


def _answer(answer: httpx.Response, thing: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body; what was written in the question may be repeated in the answer."""
    headers = {name: value for name, value in answer.headers.items() if name not in UNSTEADY}
    body = re.sub(r'"correlationId":"[^"]*"', '"correlationId":""', answer.text)
    return answer.status_code, headers, body.replace(json.dumps(thing)[1:-1], "(thing)")


def _may_tell(body: str, theirs: Belongings) -> None:
    told = revealed(body)
    assert [mark for mark in theirs.marks if mark in told] == []


@pytest.mark.parametrize("asked_as", ["a person", "a program"])
@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_it_is_answered_as_what_is_missing(books: Books, attempt: Attempt, user: str, asked_as: str) -> None:
    own, theirs = books.owned[user], books.other(user)
    service = _as(books, own, asked_as)

    def ask(thing: str) -> tuple[int, dict[str, str], str]:
        return _answer(service.post(_document(attempt, _field(attempt, own, thing))), thing)

    foreign, missing = ask(theirs.things[attempt.thing]), ask(theirs.missing(attempt.thing))
    assert foreign == missing
    _may_tell(foreign[2], theirs)
    # Not refused before anything was looked for: that would be the same for everybody, and prove nothing.
    assert {error["extensions"]["code"] for error in json.loads(foreign[2]).get("errors", ())} <= LOOKED_FOR
    if attempt.differs:
        mine = ask(own.things[attempt.thing])
        assert '"errors"' not in mine[2]
        assert mine != missing


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_nor_beside_ones_own_under_aliases_and_in_fragments(
    books: Books, attempt: Attempt, user: str
) -> None:
    own, theirs = books.owned[user], books.other(user)
    things = {"foreign": theirs.things[attempt.thing], "missing": theirs.missing(attempt.thing)}
    if attempt.differs:
        things = {"own": own.things[attempt.thing], **things}
    kind = attempt.root.partition(".")[0]
    fields = {alias: f"{alias}: {_field(attempt, own, thing)}" for alias, thing in things.items()}
    query = (
        f"{kind.lower()} {{ {fields.get('own', '')} ...a ... on {kind} {{ ...c }} }}"
        f"fragment a on {kind} {{ ...b }} fragment b on {kind} {{ {fields['foreign']} }}"
        f"fragment c on {kind} {{ {fields['missing']} }}"
    )
    body = books.service.as_user(user).post(query).json()
    told = {alias: _told_of(body, alias, thing) for alias, thing in things.items()}
    assert told["foreign"] == told["missing"]
    _may_tell(told["foreign"], theirs)
    if attempt.differs:
        assert told["own"] != told["missing"]


def _told_of(body: dict[str, Any], alias: str, thing: str) -> str:
    """Data and errors of one alias."""
    errors = [
        {**error, "path": error["path"][1:], "locations": None, "extensions": error["extensions"]["code"]}
        for error in body.get("errors", ())
        if error["path"][0] == alias
    ]
    return json.dumps([body["data"][alias], errors]).replace(json.dumps(thing)[1:-1], "(thing)")


def _as(books: Books, own: Belongings, asked_as: str) -> Service:
    service = books.service
    return service.as_user(own.user) if asked_as == "a person" else service.with_token(own.api_token)
