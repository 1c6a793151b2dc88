"""Tokens of an external identity provider (OpenID Connect), verified with that provider's public keys.

Issuer, audience and algorithms are configured here. Which user of Aurora a subject is, with which role, is
read from the database.
"""

import math
import os
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import jwt

from aurora_api.problems import Code, Problem
from aurora_resources.errors import ConfigurationError

ISSUER_VARIABLE: Final = "AURORA_OIDC_ISSUER"
AUDIENCE_VARIABLE: Final = "AURORA_OIDC_AUDIENCE"
KEYS_VARIABLE: Final = "AURORA_OIDC_JWKS_URL"

ALGORITHMS: Final = ("RS256", "ES256")
"""Signatures with a key pair only: a public key must never be used as a shared secret."""

FRESH_SECONDS: Final = 300.0
PAUSE_SECONDS: Final = 30.0
"""How long fetched keys are valid, and the shortest time between two fetches for unknown keys."""

_TIMEOUT_SECONDS: Final = 5.0
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The trusted external issuer, the audience its tokens must have, and the address of its keys."""

    issuer: str
    audience: str
    jwks_url: str


def oidc_from_environment() -> OidcSettings | None:
    """The issuer that the environment names, if any. Raises ConfigurationError for an incomplete setting."""
    values = {name: os.environ.get(name, "") for name in (ISSUER_VARIABLE, AUDIENCE_VARIABLE, KEYS_VARIABLE)}
    if not any(values.values()):
        return None
    if missing := [name for name, value in values.items() if not value]:
        raise ConfigurationError(
            f"{' and '.join(missing)} must be set as well, to accept tokens of an external issuer"
        )
    parts = urlsplit(values[KEYS_VARIABLE])
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ConfigurationError(f"{KEYS_VARIABLE} must be an https address: received keys are trusted")
    return OidcSettings(values[ISSUER_VARIABLE], values[AUDIENCE_VARIABLE], values[KEYS_VARIABLE])


class Oidc:
    """Verifies tokens of the external issuer with the keys that it publishes.

    `jwt.PyJWKClient` fetches the keys, keeps them for `FRESH_SECONDS`, and fetches them again for an unknown
    key, at most once in `PAUSE_SECONDS`. It is called in a thread, by one request at a time. While the issuer
    cannot be reached, the last keys stay valid, and it is tried once in `PAUSE_SECONDS`.
    """

    def __init__(self, settings: OidcSettings) -> None:
        self.issuer: Final = settings.issuer
        self._settings = settings
        self._client = jwt.PyJWKClient(
            settings.jwks_url,
            lifespan=FRESH_SECONDS,
            cooldown_duration=PAUSE_SECONDS,
            timeout=_TIMEOUT_SECONDS,
        )
        self._last_keys: jwt.PyJWKSet | None = None
        self._failed_at = -math.inf
        self._turn = anyio.Lock()

    async def subject(self, token: str) -> str:
        """The `sub` claim. Raises Problem for a token that is expired or not valid for this service."""
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
            raise Problem(Code.TOKEN_INVALID, "the identity token is not valid for this service") from None

    async def _key(self, key_id: str) -> jwt.PyJWK:
        """Raises KeyError for a key that the issuer does not have, Problem if its keys cannot be fetched."""
        fresh = self._fresh_keys()
        if fresh is not None and (key := _signing_key(fresh, key_id)) is not None:
            return key
        async with self._turn:
            if time.monotonic() - self._failed_at >= PAUSE_SECONDS:
                try:
                    key = await anyio.to_thread.run_sync(self._client.get_signing_key, key_id)
                except (jwt.PyJWTError, OSError, ValueError) as error:
                    fetched = self._fresh_keys() is not None
                    if fetched and not isinstance(error, jwt.PyJWKClientConnectionError):
                        raise KeyError(key_id) from None
                    self._failed_at = time.monotonic()
                else:
                    self._fresh_keys()
                    return key
        known = None if self._last_keys is None else _signing_key(self._last_keys, key_id)
        if known is None:
            raise Problem(
                Code.UNAVAILABLE,
                "the identity provider's keys cannot be fetched at present; try again shortly",
            )
        return known

    def _fresh_keys(self) -> jwt.PyJWKSet | None:
        """The fetched keys, None once they are older than `FRESH_SECONDS`."""
        cache = self._client.jwk_set_cache
        keys = None if cache is None else cache.get()
        self._last_keys = keys or self._last_keys
        return keys


def _signing_key(keys: jwt.PyJWKSet, key_id: str) -> jwt.PyJWK | None:
    usable = (key for key in keys.keys if key.public_key_use in {None, "sig"})
    return next((key for key in usable if key.key_id == key_id), None)


def _fits(algorithm: str, key: jwt.PyJWK) -> bool:
    return {"RSA": "RS256", "EC": "ES256"}.get(str(key.key_type)) == algorithm
