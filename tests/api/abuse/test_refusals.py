"""What asks for too much is refused before anything of it is executed: no statement reaches the warehouse."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from graphql import parse

from aurora_api.schema import limits
from aurora_api.schema.limits import COST_MAX, count_cost
from aurora_api.service.schema import schema

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Running, Service

PAGE = 'commissionLines(chainId: "alpha-main", first: %s) { edges { node { id amount { amount } } } }'
STATEMENTS = """query($n: Int!, $m: Int = 500) { statements(first: $n) { edges { node {
    document { lines(first: $m) { edges { node { a: __typename b: __typename } } } } } } } }"""


def _cost(query: str, **variables: object) -> int:
    return count_cost(schema._schema, parse(query), None, variables)


def test_each_field_counts_once_for_every_row_it_can_stand_in() -> None:
    assert _cost("{ chains { id } }") == 1 + limits.LIST_ROWS
    row = 2 + 2 + 1  # edges' node, its id and amount, and amount's own field
    assert _cost(f"{{ {PAGE % 7} }}") == 1 + 1 + 7 * (row - 1)
    assert _cost(f"{{ a: {PAGE % 7} b: {PAGE % 7} }}") == 2 * _cost(f"{{ {PAGE % 7} }}")
    whole = "{ %s } fragment F on CommissionLine { id amount { amount } }"
    spread = PAGE % 7
    assert _cost(whole % spread.replace("id amount { amount }", "...F")) == _cost(f"{{ {spread} }}")
    # A page in a page multiplies; a variable that is not given has its default.
    one = _cost(STATEMENTS, n=1)
    assert _cost(STATEMENTS, n=20) - 2 == 20 * (one - 2)
    assert _cost(STATEMENTS, n=1, m=1) < 20
    assert one > 1000
    # A list may be paged without being a connection.
    facts = """{ canonicalFacts(chainId: "a", fromPeriod: 1, toPeriod: 2) { edges { node { fees {
        sources(first: %s) { sha256 } } } } } }"""
    assert _cost(facts % 9) - _cost(facts % 8) == 100
    # What is no number is refused later, and no way around.
    assert _cost(STATEMENTS, n="1") == _cost(STATEMENTS, n=500)
    assert _cost(STATEMENTS, n=-5) == _cost(STATEMENTS, n=1)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (STATEMENTS, {"n": 500}),
        (f"{{ {PAGE % 10**9} }}", {}),
        ("{ " + " ".join(f"a{n}: {PAGE.replace('id', 'a: id ' * 12) % 500}" for n in range(15)) + " }", {}),
    ],
)
def test_a_query_of_huge_pages_is_not_begun(
    service: Service, asked: list[str], query: str, variables: dict[str, Any]
) -> None:
    answer = service.post(query, **variables)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, "data" in answer.json()) == (400, False)
    assert asked == []
    assert error["extensions"]["code"] in {"LIMIT_EXCEEDED", "GRAPHQL_VALIDATION_FAILED"}
    if error["extensions"]["code"] == "LIMIT_EXCEEDED":
        assert str(COST_MAX) in error["message"]


def test_what_is_within_the_limit_is_answered(service: Service) -> None:
    assert service.ask(f"{{ {PAGE % 500} }}")["commissionLines"]["edges"]


@pytest.mark.parametrize(
    "query",
    [
        "{ chains " * 14 + "}" * 14,
        "{ " + " ".join(f"c{n}: chains {{ id }}" for n in range(16)) + " }",
        "{ chains { " + "id " * 2000 + "} }",
        "{ chains { ...A } } fragment A on Chain { ...B } fragment B on Chain { ...A }",
        "{ chains { ...A } } fragment A on Chain { ...A }",
        "{ chains { ...Nowhere } }",
        "{ chains { ...F0 } } "
        + " ".join(f"fragment F{n} on Chain {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
        + " fragment F60 on Chain { id }",
        "{ __schema { types { name } } }",
        '{ chains { id } __type(name: "Chain") { name } }',
        "query A { chains { id } } query B { chains { id } }",
    ],
    ids=["deep", "aliases", "long", "loop", "self", "gap", "bomb", "schema", "type", "two"],
)
def test_other_abuse_is_not_begun(service: Service, asked: list[str], query: str) -> None:
    began = time.process_time()  # of this process, where the service runs, too
    answer = service.post(query)
    assert (answer.status_code, "data" in answer.json(), asked) == (400, False, [])
    assert time.process_time() - began < 5


def test_a_batch_is_not_begun(service: Service, asked: list[str]) -> None:
    for body in ([{"query": "{ chains { id } }"}] * 2, []):
        answer = service.client.post(
            f"{service.url}/graphql", json=body, headers={"Authorization": f"Bearer {service.token}"}
        )
        assert (answer.status_code, asked) == (400, [])
        assert json.loads(answer.content)["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_the_schema_and_the_ide_are_shown_to_developers_alone(
    service: Service, running: Running, filled: Warehouse, api_settings: Any
) -> None:
    browser = {"Accept": "text/html"}
    assert service.client.get(f"{service.url}/graphql", headers=browser).status_code == 405
    with running(filled, replace(api_settings, development=True)) as open_service:
        query = "{ __schema { types { name } } }"
        names = {kind["name"] for kind in open_service.ask(query)["__schema"]["types"]}
        assert {"Money", "Amount", "ValidatorPnlConnection"} <= names
        types = "{ fields { type " * 5 + "{ name " + "} " * 11
        answer = open_service.post(f"{{ __schema {{ types {types} }} }}")
        assert (answer.status_code, "introspection depth" in answer.text) == (400, True)
        ide = open_service.client.get(f"{open_service.url}/graphql", headers=browser)
        assert "graphiql" in ide.text


def test_a_query_that_takes_too_long_is_given_up_whole(
    own_service: Service, filled: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "QUERY_SECONDS", 0.5)
    with filled.transaction() as session:
        session.execute("lock table registry.chains in access exclusive mode")
        began = time.monotonic()
        answer = own_service.post("{ chains { id } }")  # while the lock is held
        assert time.monotonic() - began < 9  # PostgreSQL's own limit of 10 s was not what ended it
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"
    assert own_service.ask("{ chains { id } }")["chains"]


def test_a_mutation_is_never_given_up_half_way(own_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUERY_SECONDS", 0.0)
    made = own_service.ask(
        'mutation { createPartner(input: {partnerCode: "west", name: "West", reason: "new"}) { __typename } }'
    )
    assert made["createPartner"]["__typename"] == "Partner"
