"""Tokens of an external issuer, checked by the keys it publishes over HTTP."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from aurora_api.access import oidc
from aurora_api.access.oidc import OidcSettings, oidc_from_environment
from aurora_api.access.token_keys import TokenKeys
from aurora_api.service.settings import ApiSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.warehouse.connection import Warehouse
from tests.api.conftest import Running, Service

ISSUER = "https://id.example.org"
ME = "{ me { username role } }"


class Issuer:
    """An identity provider: it publishes keys, and signs with them."""

    def __init__(self) -> None:
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.elliptic = ec.generate_private_key(ec.SECP256R1())
        self.published: list[dict[str, Any]] = [
            json.loads(RSAAlgorithm.to_jwk(self.rsa.public_key())) | {"kid": "rsa", "use": "sig"},
            json.loads(ECAlgorithm.to_jwk(self.elliptic.public_key())) | {"kid": "ec"},
            {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"},
        ]
        self.asked = 0
        self.status = 200
        self.is_asked, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                issuer.is_asked.set()
                issuer.may_answer.wait(30)
                body = json.dumps({"keys": issuer.published}).encode()
                self.send_response(issuer.status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing is logged."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/keys"

    def token(
        self, key: Any = None, algorithm: str = "RS256", kid: str | None = "rsa", **claims: object
    ) -> str:
        """A token for Zoe, with other claims where they are given."""
        body = {
            "iss": ISSUER,
            "aud": "aurora",
            "sub": "zoe-1",
            "exp": int(time.time()) + 60,
            "role": "ADMIN",
            "partner_id": 1,
        } | claims
        body = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(body, key or self.rsa, algorithm, headers={"kid": kid} if kid else None)


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join(10)
        made.server.server_close()


@pytest.fixture
def service_of(running: Running, filled: Warehouse, keys: TokenKeys, issuer: Issuer) -> Iterator[Service]:
    with filled.transaction() as session:
        session.execute(
            "update access.users set oidc_issuer = %s, oidc_subject = 'zoe-1' where username = 'ops'",
            [ISSUER],
        )
    with running(filled, ApiSettings(keys, oidc=OidcSettings(ISSUER, "aurora", issuer.url))) as service:
        yield service


def test_the_issuer_says_who_and_the_database_says_what(service_of: Service, issuer: Issuer) -> None:
    for token in (
        issuer.token(),
        issuer.token(issuer.elliptic, "ES256", "ec"),
        issuer.token(aud=["x", "aurora"]),
    ):
        # The token calls itself an administrator's; it is not asked.
        assert service_of.with_token(token).ask(ME)["me"] == {"username": "ops", "role": "OPS"}
    assert issuer.asked == 1
    assert service_of.ask(ME)["me"]["username"] == "admin"  # Aurora's own tokens are taken as well


def test_what_is_not_the_issuers_for_this_service_is_refused(service_of: Service, issuer: Issuer) -> None:
    public = issuer.rsa.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    # PyJWT refuses to make such a token, so it is made by hand.
    body = json.dumps({"iss": ISSUER, "aud": "aurora", "sub": "zoe-1", "exp": int(time.time()) + 60}).encode()
    head = json.dumps({"alg": "HS256", "kid": "rsa"}).encode()
    signed = f"{encoded(head)}.{encoded(body)}"
    shared = "secret-secret-secret-secret-secret"
    for token, code in (
        (issuer.token(exp=int(time.time()) - 5), "TOKEN_EXPIRED"),
        (issuer.token(exp=None), "TOKEN_INVALID"),
        (issuer.token(iss="https://other.example.org"), "TOKEN_INVALID"),
        (issuer.token(aud="another-service"), "TOKEN_INVALID"),
        (issuer.token(aud=None), "TOKEN_INVALID"),
        (issuer.token(sub=None), "TOKEN_INVALID"),
        (issuer.token(sub="nobody"), "TOKEN_INVALID"),
        (issuer.token(issuer.other), "TOKEN_INVALID"),
        (issuer.token(kid=None), "TOKEN_INVALID"),
        (issuer.token(kid="unknown"), "TOKEN_INVALID"),
        (issuer.token(algorithm="RS512"), "TOKEN_INVALID"),
        # The public key as if it were a shared secret; and a shared secret that was published by mistake.
        (f"{signed}.{encoded(hmac.digest(public, signed.encode(), 'sha256'))}", "TOKEN_INVALID"),
        (issuer.token(shared, "HS256", "shared"), "TOKEN_INVALID"),
        (jwt.encode({"sub": "zoe-1"}, "", "none", headers={"kid": "rsa"}), "TOKEN_INVALID"),
    ):
        assert service_of.with_token(token).code(ME) == code


def test_a_disabled_user_is_out_whatever_the_issuer_says(
    service_of: Service, issuer: Issuer, filled: Warehouse
) -> None:
    with filled.transaction() as session:
        session.execute("update access.users set active = false where username = 'ops'")
    assert service_of.with_token(issuer.token()).code(ME) == "USER_DISABLED"


def test_a_new_key_is_fetched_but_unknown_ones_do_not_make_the_issuer_work(
    service_of: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service_of.with_token(issuer.token()).ask(ME)
    issuer.published.append(
        json.loads(RSAAlgorithm.to_jwk(issuer.other.public_key())) | {"kid": "newer", "use": "sig"}
    )
    newer = issuer.token(issuer.other, kid="newer")
    for _ in range(5):
        assert service_of.with_token(newer).code(ME) == "TOKEN_INVALID"
    assert issuer.asked == 1
    later(monkeypatch, oidc.PAUSE_SECONDS)
    assert service_of.with_token(newer).ask(ME)["me"]["username"] == "ops"
    assert issuer.asked == 2


def test_while_the_issuer_is_away_known_keys_serve_on(
    service_of: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "PAUSE_SECONDS", 0.0)
    issuer.status = 503
    answer = service_of.with_token(issuer.token()).post(ME)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
    issuer.status = 200
    assert service_of.with_token(issuer.token()).ask(ME)
    issuer.status = 503
    later(monkeypatch, oidc.FRESH_SECONDS)
    assert service_of.with_token(issuer.token()).ask(ME)
    assert issuer.asked == 3
    monkeypatch.setattr(oidc, "PAUSE_SECONDS", 3600.0)
    assert service_of.with_token(issuer.token()).ask(ME)
    answer = service_of.with_token(issuer.token(kid="unknown")).post(ME)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
    assert issuer.asked == 3  # not again before the pause is over


def test_a_key_that_is_no_longer_published_is_refused_once_the_keys_are_old(
    service_of: Service, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token()
    assert service_of.with_token(token).ask(ME)
    issuer.published = issuer.published[1:]
    later(monkeypatch, oidc.FRESH_SECONDS)
    for _ in range(2):
        assert service_of.with_token(token).code(ME) == "TOKEN_INVALID"
    assert service_of.with_token(issuer.token(issuer.elliptic, "ES256", "ec")).ask(ME)


def test_other_requests_are_answered_while_the_keys_are_fetched(service_of: Service, issuer: Issuer) -> None:
    issuer.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(service_of.with_token(issuer.token()).ask, ME)
        assert issuer.is_asked.wait(30)
        assert service_of.ask(ME)["me"]["username"] == "admin"
        assert not waiting.done()
        issuer.may_answer.set()
        assert waiting.result(30)["me"]["username"] == "ops"


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let PyJWT see a clock that is ahead by so much and a little more."""
    ahead = SimpleNamespace(monotonic=lambda: time.monotonic() + seconds + 1)
    for module in ("api_jwk", "jwk_set_cache", "jwks_client"):
        monkeypatch.setattr(f"jwt.{module}.time", ahead)


def test_without_an_issuer_no_external_token_is_taken(service: Service, issuer: Issuer) -> None:
    assert service.with_token(issuer.token()).code(ME) == "TOKEN_INVALID"


def test_half_a_setting_and_keys_over_plain_http_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (oidc.ISSUER_VARIABLE, oidc.AUDIENCE_VARIABLE, oidc.KEYS_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    assert oidc_from_environment() is None
    monkeypatch.setenv(oidc.ISSUER_VARIABLE, ISSUER)
    with pytest.raises(ConfigurationError, match="AURORA_OIDC_AUDIENCE and AURORA_OIDC_JWKS_URL"):
        oidc_from_environment()
    monkeypatch.setenv(oidc.AUDIENCE_VARIABLE, "aurora")
    monkeypatch.setenv(oidc.KEYS_VARIABLE, "http://id.example.org/keys")
    with pytest.raises(ConfigurationError, match="https"):
        oidc_from_environment()
    monkeypatch.setenv(oidc.KEYS_VARIABLE, "https://id.example.org/keys")
    assert oidc_from_environment() == OidcSettings(ISSUER, "aurora", "https://id.example.org/keys")
