"""One transaction for a change and its audit row, whatever becomes of it."""

from __future__ import annotations

import hashlib
import json
import logging
from typing import TYPE_CHECKING

import pytest

from aurora_api.access.users import sign_out
from aurora_api.mutations import users as user_mutations
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.audit import verify_audit

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

SIGN_OUT = """mutation ($reason: String!) { signOutUser(input: {username: "ops", reason: $reason}) {
    __typename ... on Problem { code message } } }"""
LOG = "select outcome, action, reason, object_id, after #>> '{}' from access.audit_log order by sequence"


def test_the_row_names_the_request_that_it_is_of(own_service: Service, filled: Warehouse) -> None:
    body = json.dumps({"query": SIGN_OUT, "variables": {"reason": "lost"}}).encode()
    own_service.client.post(
        f"{own_service.url}/graphql",
        content=body,
        headers={
            "Authorization": f"Bearer {own_service.token}",
            "Content-Type": "application/json",
            "X-Correlation-Id": "ticket-7",
        },
    )
    with filled.connect() as session:
        row = session.execute("select user_id, request_digest, correlation_id, reason from access.audit_log")
        assert row.fetchone() == (1, hashlib.sha256(body).digest(), "ticket-7", "lost")
    with filled.connect() as session:
        assert verify_audit(session).intact


@pytest.mark.parametrize(
    ("error", "outcome", "told"),
    [
        (AgreementError("rule r-1: the rate is over 10000 bps"), "REFUSED", "AGREEMENT_REFUSED"),
        (RuntimeError("secret insides"), "FAILED", None),
    ],
)
def test_what_fails_midway_leaves_nothing_but_its_row(
    own_service: Service,
    filled: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    outcome: str,
    told: str | None,
) -> None:
    def then_fail(*given: object, **named: object) -> None:
        sign_out(*given, **named)  # type: ignore[arg-type]
        raise error

    monkeypatch.setattr(user_mutations, "sign_out", then_fail)
    with caplog.at_level(logging.CRITICAL):
        answer = own_service.post(SIGN_OUT, reason="lost")
    assert answer.status_code == 200
    assert "secret insides" not in answer.text
    if told is None:
        assert answer.json()["data"] == {"signOutUser": None}
        assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    else:
        shown = answer.json()["data"]["signOutUser"]
        assert shown == {"__typename": "Problem", "code": told, "message": str(error)}
    # The session that the change had ended is still there.
    assert own_service.as_user("ops").ask("{ me { username } }")["me"]
    with filled.connect() as session:
        ((found, action, reason, object_id, after),) = session.execute(LOG).fetchall()
    assert (found, action, reason, object_id) == (outcome, "signOutUser", "lost", None)
    assert after == (None if told is None else f"{told}: {error}")


def test_what_is_read_after_a_change_is_what_was_changed(own_service: Service) -> None:
    """Also within one request, whose reading had begun before the change."""
    query = """mutation {
        a: updateUser(input: {username: "ops", expectedVersion: 1, displayName: "Olga"}) {
            ... on User { displayName } }
        b: updateUser(input: {username: "ops", expectedVersion: 2, displayName: "Otto"}) {
            ... on User { displayName } }
    }"""
    assert own_service.ask(query) == {"a": {"displayName": "Olga"}, "b": {"displayName": "Otto"}}


def test_who_is_stopped_in_the_middle_of_a_request_does_nothing_more(own_service: Service) -> None:
    query = """mutation {
        made: createUser(input: {username: "second", displayName: "Second", role: ADMIN}) { __typename }
        out: signOutUser(input: {username: "admin", reason: "test"}) { __typename }
        late: createUser(input: {username: "third", displayName: "Third", role: OPS}) {
            __typename ... on Problem { code } }
    }"""
    answer = own_service.ask(query)
    assert answer["late"] == {"__typename": "Problem", "code": "SESSION_REVOKED"}
