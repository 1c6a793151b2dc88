"""Access tokens: signed by this service, good for fifteen minutes, naming a user and a session, nothing more.

Role and partner are never in a token: the database says them at every request. Where the secret comes from is
in `token_secret.py`; the other kinds of token are read in `service/authenticator.py`.
"""

import hashlib
import hmac
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from uuid import uuid4

import jwt

from aurora_api.access.authenticate import Identity
from aurora_api.problems import Code, Problem

ISSUER: Final = "aurora"
AUDIENCE: Final = "aurora-api"
ALGORITHM: Final = "HS256"
LIFETIME_SECONDS: Final = 15 * 60
KEPT_TOKENS: Final = 1024
_EXPIRED: Final = "the access token has expired; get another with refresh"
_REQUIRED: Final = ("iss", "aud", "exp", "iat", "sub", "sid")


class TokenKeys:
    """Signs with the first secret, and takes tokens of any of them, so that a secret can be changed."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Raises ValueError without a secret: no token must ever be signed with nothing."""
        if not secrets or not all(secrets):
            raise ValueError("tokens need a secret to be signed with")
        self._secret = secrets[0].encode()
        made = [_derive(secret.encode(), "access-token") for secret in secrets]
        self._keys = {_key_id(key): key for key in made}
        self._signing = _key_id(made[0])
        # A portal sends one token for a quarter of an hour: its signature is checked once, the time always.
        self._verified = lru_cache(maxsize=KEPT_TOKENS)(self._verify)

    def issue(self, identity: Identity) -> str:
        """A fresh access token for this user and session."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "sub": str(identity.user_id),
            "sid": identity.session_id,
            "jti": uuid4().hex,
        }
        return jwt.encode(
            claims, self._keys[self._signing], algorithm=ALGORITHM, headers={"kid": self._signing}
        )

    def owns(self, token: str) -> bool:
        """Whether the token says that one of these keys has signed it; nothing is checked yet."""
        try:
            return jwt.get_unverified_header(token).get("kid") in self._keys
        except jwt.InvalidTokenError:
            return False

    def check(self, token: str) -> Identity:
        """Whom the token names. Raises Problem for one that is expired, or not signed here for us."""
        identity, expires_at = self._verified(token)
        if expires_at <= time.time():
            raise Problem(Code.TOKEN_EXPIRED, _EXPIRED)
        return identity

    def _verify(self, token: str) -> tuple[Identity, int]:
        """Whom a token names, and until when. Raises Problem."""
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": list(_REQUIRED)},
            )
            return Identity(int(claims["sub"]), str(claims["sid"])), int(claims["exp"])
        except jwt.ExpiredSignatureError:
            raise Problem(Code.TOKEN_EXPIRED, _EXPIRED) from None
        except (jwt.InvalidTokenError, KeyError, ValueError):
            raise Problem(Code.TOKEN_INVALID, "the access token is not valid; sign in again") from None

    def derive(self, purpose: str) -> bytes:
        """A key of 256 bits for something else that is signed here, such as a download's address."""
        return _derive(self._secret, purpose)


def _derive(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, f"aurora {purpose}".encode(), "sha256")


def _key_id(key: bytes) -> str:
    return f"aurora-{hashlib.sha256(b'key id' + key).hexdigest()[:12]}"
