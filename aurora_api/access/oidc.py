"""Tokens of an external identity provider (OpenID Connect): whom they name, by that provider's public keys.

Issuer, audience and algorithms are pinned here; who that user is in Aurora, and what they may do, the
database says.
"""

import os
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import anyio
import httpx
import jwt

from aurora_api.problems import Code, Problem
from aurora_resources.errors import ConfigurationError

ISSUER_VARIABLE: Final = "AURORA_OIDC_ISSUER"
AUDIENCE_VARIABLE: Final = "AURORA_OIDC_AUDIENCE"
KEYS_VARIABLE: Final = "AURORA_OIDC_JWKS_URL"

ALGORITHMS: Final = ("RS256", "ES256")
"""Signatures with a key pair only: a public key must never be taken for a shared secret."""

FRESH_SECONDS: Final = 300.0
PAUSE_SECONDS: Final = 30.0
"""How long fetched keys are used, and how soon an unknown key may have them fetched again."""

_TIMEOUT_SECONDS: Final = 5.0
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The one external issuer that is trusted, what its tokens must be meant for, and where its keys are."""

    issuer: str
    audience: str
    jwks_url: str


def oidc_from_environment() -> OidcSettings | None:
    """The issuer that the environment names, if any. Raises ConfigurationError for half a setting."""
    named = {name: os.environ.get(name, "") for name in (ISSUER_VARIABLE, AUDIENCE_VARIABLE, KEYS_VARIABLE)}
    if not any(named.values()):
        return None
    if missing := [name for name, value in named.items() if not value]:
        raise ConfigurationError(
            f"{' and '.join(missing)} must be set, too, to take tokens of another issuer"
        )
    parts = urlsplit(named[KEYS_VARIABLE])
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ConfigurationError(f"{KEYS_VARIABLE} must be an https address: keys are trusted as they come")
    return OidcSettings(named[ISSUER_VARIABLE], named[AUDIENCE_VARIABLE], named[KEYS_VARIABLE])


class Oidc:
    """Checks tokens of the external issuer; its keys are fetched when needed, and kept for a while."""

    def __init__(self, settings: OidcSettings) -> None:
        self.issuer: Final = settings.issuer
        self._settings = settings
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = -FRESH_SECONDS
        self._tried_at = -PAUSE_SECONDS
        self._turn = anyio.Lock()

    async def subject(self, token: str) -> str:
        """The issuer's name for the user. Raises Problem for a token that is expired or not theirs for us."""
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(str(header["kid"]))
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[name for name in ALGORITHMS if _fits(name, key)],
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                options={"require": ["iss", "aud", "exp", "sub"]},
            )
            return str(claims["sub"])
        except jwt.ExpiredSignatureError:
            raise Problem(Code.TOKEN_EXPIRED, "the identity token has expired; get another") from None
        except (jwt.InvalidTokenError, KeyError):
            raise Problem(Code.TOKEN_INVALID, "the identity token is not valid here") from None

    async def _key(self, key_id: str) -> jwt.PyJWK:
        """Raises KeyError for a key that the issuer does not have."""
        async with self._turn:
            now = time.monotonic()
            known = key_id in self._keys
            due = now - self._fetched_at >= FRESH_SECONDS if known else now - self._tried_at >= PAUSE_SECONDS
            if due and now - self._tried_at >= PAUSE_SECONDS:
                self._tried_at = now
                await self._fetch(now, needed=not known)
            return self._keys[key_id]

    async def _fetch(self, now: float, *, needed: bool) -> None:
        """Fetch the keys. Those at hand serve on while the issuer cannot be reached, if none is missing."""
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
                answer = await client.get(self._settings.jwks_url)
                answer.raise_for_status()
                self._keys = _signing_keys(answer.json())
                self._fetched_at = now
        except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
            if needed:
                raise Problem(
                    Code.UNAVAILABLE, "the identity provider's keys cannot be had just now; try again shortly"
                ) from error


def _signing_keys(document: object) -> dict[str, jwt.PyJWK]:
    """The keys of a JWK set that fit the pinned algorithms, by their id. Raises PyJWTError."""
    listed = document.get("keys", []) if isinstance(document, dict) else []
    usable = [
        each
        for each in listed
        if isinstance(each, dict)
        and each.get("kty") in {"RSA", "EC"}
        and each.get("use", "sig") == "sig"
        and isinstance(each.get("kid"), str)
    ]
    return {each["kid"]: jwt.PyJWK.from_dict(each) for each in usable}


def _fits(algorithm: str, key: jwt.PyJWK) -> bool:
    return {"RSA": "RS256", "EC": "ES256"}.get(str(key.key_type)) == algorithm
