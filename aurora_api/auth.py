"""The bearer token that every request to GraphQL must carry. It is compared in constant time, never logged.

One token for the operator, for now; users and roles are not here yet.
"""

import hashlib
import hmac
import os
import secrets
from typing import Final

from aurora_resources.errors import ConfigurationError

TOKEN_VARIABLE: Final = "AURORA_API_TOKEN"  # noqa: S105 - the variable's name
_SHORTEST: Final = 16


def token_from_environment() -> str | None:
    """The token that the environment gives, if any. Raises ConfigurationError for one that is too weak."""
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        return None
    if len(token) < _SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError(
            f"{TOKEN_VARIABLE} must be at least {_SHORTEST} printable ASCII characters without a space; "
            "unset it to have one made"
        )
    return token


def new_token() -> str:
    """A fresh random token, 256 bits."""
    return f"aur_{secrets.token_urlsafe(32)}"


class TokenCheck:
    """Knows the one token, as a digest only."""

    def __init__(self, token: str) -> None:
        """Raises ValueError for an empty token, which would let everybody in."""
        if not token:
            raise ValueError("the API needs a token; make one with new_token()")
        self._digest = _digest(token)

    def accepts(self, authorization: str | None) -> bool:
        """Whether this `Authorization` header carries the token."""
        scheme, _, token = (authorization or "").partition(" ")
        return hmac.compare_digest(_digest(token.strip()), self._digest) and scheme.lower() == "bearer"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
