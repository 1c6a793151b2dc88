"""docs/api.md is true: its examples are asked in their order, and no operation or REST path is left out.

Each is a block `graphql as USER` with its variables in the `json` block behind it. What stands for an earlier
answer's value in the document (see `GIVEN_BY`) is filled in from that answer. The books are the sandbox's.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from graphql import OperationType, get_operation_ast, parse

from aurora_api.access.passwords import Passwords
from aurora_api.access.principal import ROLE_CAPABILITIES, Capability, UserRole
from aurora_api.service.schema import schema
from tests.api.conftest import Service, run_service
from tests.api.money.conftest import SECOND_PERSON_ABOVE, USERS
from tests.integration.statements.office import office_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.made_once import MadeOnce

DOCUMENT: Final = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
PATHS: Final = (
    "POST /v1/auth/login",
    "POST /v1/auth/refresh",
    "POST /v1/auth/logout",
    "GET /v1/auth/me",
    "GET /v1/chains",
    "GET /v1/chains/{c}/periods",
    "GET /v1/chains/{c}/validators/{v}/pnl",
    "GET /v1/chains/{c}/partners/{p}/commissions",
    "GET /v1/chains/{c}/partners/{p}/statements",
    "GET /v1/chains/{c}/partners/{p}/statements/{period}",
    "GET /v1/chains/{c}/partners/{p}/statements/{period}/export",
    "GET /v1/agreements",
    "GET /v1/agreements/{id}",
    "GET /v1/agreements/{id}/versions",
    "POST /v1/agreements",
    "PUT /v1/agreements/{id}",
    "PATCH /v1/agreements/{id}/status",
    "POST /v1/overrides",
    "POST /v1/recompute",
    "GET /v1/jobs/{id}",
    "GET /v1/ingestion/health",
    "GET /v1/audit/logs",
)
# By what the document calls it: the operations that give it, and where in their answer it is.
GIVEN_BY: Final[dict[str, tuple[set[str], tuple[str | int, ...]]]] = {
    "ACCESS_TOKEN": ({"login", "refresh"}, ("accessToken",)),
    "REFRESH_TOKEN": ({"login", "refresh"}, ("refreshToken",)),
    "API_TOKEN_ID": ({"createApiToken"}, ("apiToken", "id")),
    "END_CURSOR": ({"periods"}, ("pageInfo", "endCursor")),
    "PERIOD_NODE_ID": ({"periods"}, ("edges", 0, "node", "id")),
    "LINE_ID": ({"commissionLines"}, ("edges", 0, "node", "lineId")),
    "RECOMPUTE_ID": ({"startRecompute"}, ("id",)),
    "STATEMENT_ID": ({"statement"}, ("id",)),
    "STATEMENT_SHA256": ({"submitStatement"}, ("sha256",)),
}
PASSWORDS: Final = {"PASSWORD": "correct-horse-battery", "NEW_PASSWORD": "another-horse-battery"}
SIGNED_IN: Final = "demo-finance"

_BLOCK = re.compile(r"^```(\w+)(?: as ([\w-]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A query of the document, who asks it, and the variables that it is asked with."""

    line: int
    user: str
    query: str
    variables: str

    @property
    def is_mutation(self) -> bool:
        operation = get_operation_ast(parse(self.query))
        assert operation is not None
        return operation.operation is OperationType.MUTATION

    @property
    def fields(self) -> list[str]:
        """The operations of the schema that it asks."""
        operation = get_operation_ast(parse(self.query))
        assert operation is not None
        return [selection.to_dict()["name"]["value"] for selection in operation.selection_set.selections]


def _examples(text: str) -> list[Example]:
    """Every block must be one half of an example: none is left unasked."""
    blocks = list(_BLOCK.finditer(text))
    assert text.count("\n```") == 2 * len(blocks), "a block of the document is not read"
    found = []
    for query, variables in zip(blocks[::2], blocks[1::2], strict=True):
        line = text.count("\n", 0, query.start()) + 1
        assert (query[1], variables[1]) == ("graphql", "json"), f"line {line}: a query, then its variables"
        assert query[2], f"line {line}: who asks?"
        found.append(Example(line, query[2], query[3], variables[3]))
    return found


EXAMPLES: Final = _examples(DOCUMENT)


@pytest.fixture
def bookkeeping(office_database: str, made_once: MadeOnce, tmp_path: Path) -> Iterator[Service]:
    """The service over three months of books, with a user of each role and one with a password."""
    with (
        made_once.copy(office_database) as warehouse,
        office_of(tmp_path, warehouse, override_second_person_above=SECOND_PERSON_ABOVE),
    ):
        with warehouse.connect() as session:
            session.execute(USERS.encode())
            session.execute("select setval(pg_get_serial_sequence('access.users', 'user_id'), 100)")
            session.execute(
                "insert into access.users (username, display_name, role, password_hash) "
                "values (%s, 'Demo', 'FINANCE', %s)",
                [SIGNED_IN, Passwords().hash(PASSWORDS["PASSWORD"])],
            )
        with run_service(warehouse) as running:
            yield running


def test_every_example_works(bookkeeping: Service) -> None:
    values = dict(PASSWORDS)
    for example in EXAMPLES:
        where = f"docs/api.md, line {example.line}"
        variables = _fill(json.loads(example.variables), values)
        answer = _as_user(bookkeeping, example.user, values).post(example.query, **variables)
        body = answer.json()
        assert answer.status_code == 200, (where, body)
        assert "errors" not in body, (where, body)
        assert set(body["data"]) == set(example.fields)
        for name, told in body["data"].items():
            _assert_told(told, where, is_mutation=example.is_mutation)
            for word, (operations, path) in GIVEN_BY.items():
                if name in operations:
                    values[word] = _at(told, path)
            if name == "downloadStatement":
                file = bookkeeping.client.get(f"{bookkeeping.url}{told['path']}")
                assert (file.status_code, file.headers["content-type"]) == (200, "text/csv; charset=utf-8")


def test_every_path_has_a_section_with_an_example() -> None:
    sections = _sections(DOCUMENT)
    for path in PATHS:
        assert f"| `{path}` |" in DOCUMENT, f"{path} is not in the table"
        assert _examples(sections[f"`{path}`"]), f"the section of {path} has no example"
    told = {heading.strip("`") for heading in sections if " /v1/" in heading}
    assert told == set(PATHS)


def test_every_operation_has_an_example() -> None:
    kinds = (schema._schema.query_type, schema._schema.mutation_type)
    there = {name for kind in kinds if kind is not None for name in kind.fields}
    assert {name for example in EXAMPLES for name in example.fields} == there


def test_the_matrix_of_roles_is_the_one_in_force() -> None:
    header, _, *rows = re.findall(r"^\| .*$|^\|--.*$", _sections(DOCUMENT)["Roles"], re.MULTILINE)
    _, *roles = _cells(header)
    told = {
        UserRole(role): {Capability(_cells(row)[0]) for row in rows if _cells(row)[place] == "x"}
        for place, role in enumerate(roles, 1)
    }
    everybodys = {Capability.PUBLIC, Capability.SIGNED_IN}
    assert {role: found | everybodys for role, found in told.items()} == ROLE_CAPABILITIES


def test_the_other_addresses_answer_without_a_token(own_service: Service) -> None:
    addresses = re.findall(r"^\| `GET (/[^`]*)`", _sections(DOCUMENT)["Health and metrics"], re.MULTILINE)
    assert addresses == ["/health", "/health/ready", "/health/ingestion", "/metrics"]
    # Of the chains of these rows nothing was ever ingested, which is unhealthy.
    codes = [own_service.client.get(f"{own_service.url}{address}").status_code for address in addresses]
    assert codes == [200, 200, 503, 200]


def _as_user(service: Service, user: str, values: dict[str, str]) -> Service:
    if user in {"nobody", SIGNED_IN}:
        return service.with_token(values["ACCESS_TOKEN"] if user == SIGNED_IN else None)
    return service.as_user("north" if user == "partner" else user)


def _fill(given: Any, values: dict[str, str]) -> Any:
    """The variables with values in place of the words that stand for them."""
    if isinstance(given, dict):
        return {name: _fill(value, values) for name, value in given.items()}
    if isinstance(given, list):
        return [_fill(value, values) for value in given]
    if isinstance(given, str) and (given in GIVEN_BY or given in PASSWORDS):
        return values[given]
    return given


def _assert_told(told: Any, where: str, *, is_mutation: bool) -> None:
    """It is an answer: no problem, and if it is a list, one that shows something."""
    assert told, (where, told)
    if is_mutation:
        assert told["__typename"] != "Problem", (where, told)
    if isinstance(told, dict) and "edges" in told:
        assert told["edges"], (where, "the example finds nothing")


def _at(told: Any, path: tuple[str | int, ...]) -> str:
    for part in path:
        told = told[part]
    assert isinstance(told, str)
    return told


def _sections(text: str) -> dict[str, str]:
    """Heading to the text up to the next heading."""
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return {heading[1]: text[heading.end() : end] for heading, end in zip(headings, ends, strict=True)}


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]
