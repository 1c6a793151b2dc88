"""Access tokens that are not good, each refused with a code, and users who are out at once."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from jwt.warnings import InsecureKeyLengthWarning

from aurora_api.access.authenticate import Identity
from aurora_api.access.token_keys import TokenKeys
from aurora_api.service.settings import ApiSettings

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Running, Service

ME = "{ me { username } }"


def forged(token: str, keys: TokenKeys, header: dict[str, Any] | None = None, **claims: object) -> str:
    """The token with other claims, signed rightly with the service's own key."""
    head = jwt.get_unverified_header(token) | (header or {})
    body = jwt.decode(token, options={"verify_signature": False}) | claims
    key = keys._keys[str(head["kid"])]
    return jwt.encode(
        {name: value for name, value in body.items() if value is not None}, key, "HS256", headers=head
    )


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"exp": int(time.time()) - 1}, "TOKEN_EXPIRED"),
        ({"exp": None}, "TOKEN_INVALID"),
        ({"aud": "another-service"}, "TOKEN_INVALID"),
        ({"aud": None}, "TOKEN_INVALID"),
        ({"iss": "another-issuer"}, "TOKEN_INVALID"),
        ({"sub": None}, "TOKEN_INVALID"),
        ({"sub": "admin"}, "TOKEN_INVALID"),
        ({"sub": "99"}, "TOKEN_INVALID"),
        ({"sid": None}, "TOKEN_INVALID"),
        ({"sid": "family:00000000-0000-0000-0000-000000000000"}, "SESSION_REVOKED"),
        ({"sid": "family:17d4e4c9-7b3c-92b0-4b30-4a2a90a5b6ec"}, "SESSION_REVOKED"),
        ({"nbf": int(time.time()) + 1000}, "TOKEN_INVALID"),
    ],
)
def test_a_token_with_other_claims_is_refused(
    service: Service, keys: TokenKeys, claims: dict[str, Any], code: str
) -> None:
    answer = service.with_token(forged(str(service.token), keys, **claims)).post(ME)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["errors"][0]["extensions"]["code"] == code


def test_a_token_of_another_key_or_of_none_is_refused(service: Service, keys: TokenKeys) -> None:
    good = str(service.token)
    head, body, signature = good.split(".")
    others = TokenKeys(["another signing key, of somebody else"]).issue(Identity(1, "family:x"))
    kid = jwt.get_unverified_header(good)["kid"]
    claims = jwt.decode(good, options={"verify_signature": False})
    unsigned = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": kid}).encode()).decode().rstrip("=")
    with pytest.warns(InsecureKeyLengthWarning):
        longer = jwt.encode(claims, keys._keys[kid], "HS512", headers={"kid": kid})
    for token in (
        others,
        longer,
        jwt.encode(claims, "another key with the right name of it", "HS256", headers={"kid": kid}),
        jwt.encode(claims, keys._keys[kid], "HS256"),
        f"{unsigned}.{body}.",
        f"{unsigned}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body[:-2]}.{signature}",
        good[:-1],
        good + "." + good,
        good.upper(),
    ):
        assert service.with_token(token).code(ME) == "TOKEN_INVALID"


def test_who_is_stopped_is_out_at_once_with_the_token_they_have(
    own_service: Service, filled: Warehouse
) -> None:
    auditor = own_service.as_user("auditor")
    assert auditor.ask(ME)["me"] == {"username": "auditor"}
    for change, code in (
        ("active = false", "USER_DISABLED"),
        ("active = true, expires_at = now()", "USER_EXPIRED"),
    ):
        with filled.transaction() as session:
            session.execute(f"update access.users set {change} where username = 'auditor'")
        answer = auditor.post(ME)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, code)


def test_role_and_partner_are_those_of_the_database_at_this_moment(
    own_service: Service, filled: Warehouse
) -> None:
    ops = own_service.as_user("ops")
    assert ops.code("{ users { edges { cursor } } }") == "FORBIDDEN"
    with filled.transaction() as session:
        session.execute("update access.users set role = 'ADMIN' where username = 'ops'")
    assert ops.ask("{ users { edges { cursor } } }")["users"]


def test_a_secret_can_be_changed_without_signing_everybody_out(
    running: Running, filled: Warehouse, keys: TokenKeys
) -> None:
    changed = TokenKeys(["the new signing key of these tests", "the signing key of these tests alone"])
    with running(filled, ApiSettings(changed)) as service:
        assert service.ask(ME)["me"]
        fresh = changed.issue(keys.check(str(service.token)))
        assert service.with_token(fresh).ask(ME)["me"]
    assert not keys.owns(fresh)
