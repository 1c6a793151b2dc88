"""Who is let in, what a request may ask for, and what is told when something is wrong."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

ASK = "{ chains { chainId } }"
INVALID = "GRAPHQL_VALIDATION_FAILED"


def _send(
    service: Service,
    *,
    json: object = None,
    content: str | bytes | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """A request with the token, said to be JSON whatever it is."""
    sent = {"Authorization": f"Bearer {service.token}", "Content-Type": "application/json"} | (headers or {})
    return service.client.post(f"{service.url}/graphql", json=json, content=content, headers=sent)


def _code(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    assert error["extensions"]["correlationId"] == answer.headers["X-Correlation-Id"]
    assert not any(word in answer.text for word in ("Traceback", "psycopg", "File ", ".py"))
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer wrong", "Basic YTpi", "eyJhbGciOiJub25lIn0.e30.", "Bearer \xe9", "Bearer aur_nothing"],
)
def test_without_a_good_token_nothing_is_answered(service: Service, header: str) -> None:
    answer = service.client.post(
        f"{service.url}/graphql",
        json={"query": ASK},
        headers=[(b"Authorization", header.encode("latin-1"))],
    )
    assert (answer.status_code, _code(answer)) == (401, "TOKEN_INVALID")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "data" not in answer.json()


def test_the_token_is_never_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service.ask(ASK)
    service.code("{ nothing }")
    _send(service, json={"query": ASK}, headers={"Authorization": f"Basic {service.token}"})
    assert str(service.token) not in caplog.text


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "BAD_REQUEST"),
        (b"{", 400, "BAD_REQUEST"),
        (b"\xff\xfe", 400, "BAD_REQUEST"),
        (b'"text"', 400, "BAD_REQUEST"),
        (b"5", 400, "BAD_REQUEST"),
        (b'[{"query": "{ chains { chainId } }"}]', 400, "BAD_REQUEST"),
        (b"[" * 100_000, 400, "BAD_REQUEST"),
        (b'{"query": 5}', 400, "BAD_REQUEST"),
        (b'{"query": ""}', 400, "BAD_REQUEST"),
        (b'{"query": "{ chains { chainId } }", "variables": []}', 400, "BAD_REQUEST"),
        (b'{"query": "{ chains { chainId } }", "operationName": 5}', 400, "BAD_REQUEST"),
        (b'{"query": "{ chains { chainId } }", "operationName": "other"}', 400, "BAD_REQUEST"),
        (b'{"query": "query A { chains { id } } query B { chains { id } }"}', 400, "BAD_REQUEST"),
        (b'{"query": "mutation { chains { chainId } }"}', 400, INVALID),
        (b'{"query": "subscription { chains { chainId } }"}', 400, "BAD_REQUEST"),
        (b'{"query": "{ chains { chainId }"}', 400, "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "{ chains { wrong } }"}', 400, INVALID),
        (b'{"query": "{ periods { edges { cursor } } }"}', 400, INVALID),
        (b'{"query": "query($p: String!) { periods(chainId: $p) { edges { cursor } } }"}', 400, INVALID),
        (b'{"query": "{ periods(chainId: \\"a\\", fromPeriod: -1) { edges { cursor } } }"}', 400, INVALID),
        (
            b'{"query": "{ periods(chainId: \\"a\\", fromPeriod: 9007199254740992) { edges { cursor } } }"}',
            400,
            INVALID,
        ),
        (b'{"query": "{ chains { chainId } }' + b" " * 1_100_000 + b'"}', 413, "LIMIT_EXCEEDED"),
    ],
)
def test_a_request_that_is_not_understood_is_refused(
    service: Service, content: bytes, status: int, code: str
) -> None:
    answer = _send(service, content=content)
    assert (answer.status_code, _code(answer)) == (status, code)


def test_the_operation_that_is_named_is_the_one_answered(service: Service) -> None:
    query = "query A { chains { id } } query B { chains { name } }"
    answer = _send(service, json={"query": query, "operationName": "B"})
    assert answer.json()["data"]["chains"][0] == {"name": "Alpha"}


def test_only_json_by_post_is_taken(service: Service) -> None:
    answer = service.client.get(f"{service.url}/graphql", params={"query": ASK})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    answer = _send(
        service, content=f"query={ASK}", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (answer.status_code, _code(answer)) == (415, "BAD_REQUEST")
    assert _send(service, content=json.dumps({"query": ASK, "extensions": {"a": 1}})).status_code == 200


def test_limits(service: Service) -> None:
    trace = "lines { edges { node { computation { slices { money { amount } } } } } }"
    query = f'{{ periodStatement(partnerCode: "north", chainId: "alpha-main", periodId: 105) {{ {trace} }} }}'
    assert service.ask(query)["periodStatement"]["lines"]["edges"]
    answer = service.post("{ chains " * 14 + "}" * 14)
    assert (answer.status_code, "depth of 12" in answer.text) == (400, True)
    aliases = "{ " + " ".join(f"c{n}: chains {{ chainId }}" for n in range(16)) + " }"
    answer = service.post(aliases)
    assert (answer.status_code, "16 aliases" in answer.text) == (400, True)
    assert service.post(aliases.replace("c15: ", "")).status_code == 200
    answer = service.post("{ chains { " + "chainId " * 2000 + "} }")
    assert (answer.status_code, "2000 tokens" in answer.text) == (400, True)
    brackets = service.post("{ chains " * 900)
    assert (brackets.status_code, brackets.json()["errors"][0]["extensions"]["code"]) == (
        400,
        "GRAPHQL_PARSE_FAILED",
    )


def test_fragments_cannot_multiply_without_end(service: Service) -> None:
    count = 60
    fragments = [f"fragment F{n} on Chain {{ ...F{n + 1} ...F{n + 1} }}" for n in range(count)]
    bomb = "{ chains { ...F0 } } " + " ".join(fragments) + f" fragment F{count} on Chain {{ chainId }}"
    started = time.process_time()  # of this process, where the service runs, too
    assert service.code(bomb) == "LIMIT_EXCEEDED"
    loop = "{ chains { ...A } } fragment A on Chain { ...B ...B } fragment B on Chain { ...A ...A }"
    assert service.code(loop) == INVALID
    assert time.process_time() - started < 5
    assert service.ask("{ chains { ...A } } fragment A on Chain { chainId }")["chains"]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_an_argument_that_is_no_text_is_refused(service: Service, text: str) -> None:
    query = "query($c: String!) { periods(chainId: $c) { edges { cursor } } }"
    body = json.dumps({"query": query, "variables": {"c": text}})
    answer = _send(service, content=body)
    assert _code(answer) in {"INVALID_ARGUMENT", "BAD_REQUEST"}


def test_the_correlation_id_is_taken_over_if_harmless(service: Service) -> None:
    answer = _send(service, json={"query": "{ x }"}, headers={"X-Correlation-Id": "ticket-7:a.b_c"})
    assert answer.headers["X-Correlation-Id"] == "ticket-7:a.b_c"
    assert answer.json()["errors"][0]["extensions"]["correlationId"] == "ticket-7:a.b_c"
    made = {
        _send(service, json={"query": ASK}, headers=headers).headers["X-Correlation-Id"]
        for headers in ({}, {"X-Correlation-Id": "x" * 65}, {"X-Correlation-Id": "a b<script>"})
    }
    assert len(made) == 3
    assert all(len(correlation_id) == 32 for correlation_id in made)


def test_what_goes_wrong_inside_is_logged_and_not_told(
    own_service: Service, warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with warehouse.transaction() as session:
        session.execute("alter table registry.chains rename column finality_lag to secret_column")
    with caplog.at_level(logging.ERROR):
        answer = _send(own_service, json={"query": ASK}, headers={"X-Correlation-Id": "find-me"})
    assert (answer.status_code, _code(answer)) == (200, "INTERNAL")
    assert answer.json()["data"] == {"chains": None}
    assert "finality" not in answer.text
    (logged,) = [record for record in caplog.records if record.name == "aurora_api"]
    assert "find-me" in logged.getMessage()
    assert logged.exc_info


def test_a_number_too_large_to_be_exact_in_json_is_not_told_wrongly(
    own_service: Service, warehouse: Warehouse
) -> None:
    with warehouse.transaction() as session:
        session.execute("update registry.periods set last_slot = 9007199254740992 where period_id = 106")
    answer = own_service.post('{ periods(chainId: "alpha-main") { edges { node { lastSlot } } } }')
    assert _code(answer) == "INTERNAL"
