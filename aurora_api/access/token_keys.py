"""Access tokens, and the keys that sign them.

An access token is signed by this service, valid for 15 minutes, and names a user and a session. It holds
neither role nor partner: both are read from the database for each request. The secret is read from the
environment or, on a developer's machine with the embedded database, kept in Aurora's home.
"""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import uuid4

import jwt

from aurora_api.access.authenticate import Identity
from aurora_api.problems import Code, Problem
from aurora_resources.errors import ConfigurationError
from aurora_resources.postgres.paths import aurora_home
from aurora_resources.warehouse.address import URL_VARIABLE

ISSUER: Final = "aurora"
AUDIENCE: Final = "aurora-api"
ALGORITHM: Final = "HS256"
LIFETIME_SECONDS: Final = 15 * 60
CACHED_TOKENS: Final = 1024
_EXPIRED: Final = "the access token has expired; get another with refresh"
_REQUIRED: Final = ("iss", "aud", "exp", "iat", "sub", "sid")

SECRET_VARIABLE: Final = "AURORA_TOKEN_SECRET"  # noqa: S105 - the variable's name
PREVIOUS_VARIABLE: Final = "AURORA_TOKEN_SECRET_PREVIOUS"
FILE_NAME: Final = "token-secret"
_SHORTEST: Final = 32
_DISTINCT: Final = 12
_EXAMPLES: Final = ("change", "example", "password", "secret", "default", "aurora", "01234567", "abcdefgh")
_OTHER_USERS: Final = 0o077


class TokenKeys:
    """Signs with the first secret, and accepts tokens of each of them, so that a secret can be replaced."""

    def __init__(self, signing_secrets: Sequence[str]) -> None:
        """Raises ValueError without a secret, or for an empty one."""
        if not signing_secrets or not all(signing_secrets):
            raise ValueError("tokens need a secret to be signed with")
        self._secret = signing_secrets[0].encode()
        made = [_derive(secret.encode(), "access-token") for secret in signing_secrets]
        self._keys = {_key_id(key): key for key in made}
        self._signing = _key_id(made[0])
        # A portal sends the same token for 15 minutes: its signature is verified once, its expiry each time.
        self._verified = lru_cache(maxsize=CACHED_TOKENS)(self._verify)

    def issue(self, identity: Identity) -> str:
        """A new access token for this user and session."""
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
        """Whether the header of the token names one of these keys; the signature is not verified here."""
        try:
            return jwt.get_unverified_header(token).get("kid") in self._keys
        except jwt.InvalidTokenError:
            return False

    def check(self, token: str) -> Identity:
        """The user that the token names. Raises Problem for a token that has expired or is not valid."""
        identity, expires_at = self._verified(token)
        if expires_at <= time.time():
            raise Problem(Code.TOKEN_EXPIRED, _EXPIRED)
        return identity

    def _verify(self, token: str) -> tuple[Identity, int]:
        """The user that a token names, and its expiry in seconds since 1970. Raises Problem."""
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
        """A key of 256 bits for another purpose, such as the signature of a download address."""
        return _derive(self._secret, purpose)


def token_keys_from_environment() -> TokenKeys:
    """The keys of this installation.

    `AURORA_TOKEN_SECRET` signs; tokens signed with `AURORA_TOKEN_SECRET_PREVIOUS` are still accepted. Without
    the former, and with the embedded database, a secret is generated and stored in `AURORA_HOME`. Raises
    ConfigurationError for a weak secret, for none with an external database, and for a stored one that other
    users of the machine can read.
    """
    current = os.environ.get(SECRET_VARIABLE)
    previous = os.environ.get(PREVIOUS_VARIABLE)
    if current:
        return TokenKeys(
            [_require_strong(SECRET_VARIABLE, current)]
            + ([_require_strong(PREVIOUS_VARIABLE, previous)] if previous else [])
        )
    if os.environ.get(URL_VARIABLE):
        raise ConfigurationError(
            f"{SECRET_VARIABLE} is not set: give the service a secret of at least {_SHORTEST} random "
            "characters, the same for each of its processes"
        )
    return TokenKeys([stored_secret(aurora_home())])


def stored_secret(home: Path) -> str:
    """The secret stored in the home, generated if missing. Raises ConfigurationError for an unsafe one."""
    text = write_once(home / FILE_NAME, secrets.token_urlsafe(48))
    return _require_strong(str(home / FILE_NAME), text.strip())


def write_once(path: Path, text: str) -> str:
    """The text of a file that only its owner may read, created with `text` if missing.

    Raises ConfigurationError if other users of the machine can read it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Atomic, also when two processes start at once: a link fails if the file exists.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    if path.stat().st_mode & _OTHER_USERS:
        raise ConfigurationError(f"{path} can be read by other users; run chmod 600 on it, or remove it")
    return path.read_text(encoding="utf-8")


def _derive(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, f"aurora {purpose}".encode(), "sha256")


def _key_id(key: bytes) -> str:
    return f"aurora-{hashlib.sha256(b'key id' + key).hexdigest()[:12]}"


def _require_strong(where: str, secret: str) -> str:
    low = secret.lower()
    if len(secret) < _SHORTEST or len(set(secret)) < _DISTINCT or any(word in low for word in _EXAMPLES):
        raise ConfigurationError(
            f"{where} is too weak to sign tokens with: at least {_SHORTEST} random characters, such as "
            "openssl rand -base64 48 prints; not a word, not an example"
        )
    return secret
