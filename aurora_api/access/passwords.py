"""Password hashes with argon2id. Verification takes the same time whether or not the user exists.

Hashing takes tens of milliseconds and 64 MiB by design: call it in a thread, a few at a time.
"""

import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from aurora_api.problems import Code, Problem

SHORTEST: Final = 12
LONGEST: Final = 512


class Passwords:
    """Hashes and verifies passwords, with the library's parameters (RFC 9106, memory-constrained)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        # An unknown user's password is compared with the hash of a random text, which is not stored.
        self._dummy_hash = self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        """The hash to store. Raises Problem for a password that is too short, too long or too simple."""
        return self._hasher.hash(require_acceptable(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the hash is of this password; False without a hash, after the same work."""
        # No stored password is longer: a longer one costs no more, and does not match as a truncated one.
        given = password if len(password) <= LONGEST else ""
        try:
            matches = self._hasher.verify(stored or self._dummy_hash, given.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than those in use now."""
        return self._hasher.check_needs_rehash(stored)


def require_acceptable(password: str) -> str:
    """The password itself. Raises Problem, without its text, if it is not acceptable."""
    if not SHORTEST <= len(password) <= LONGEST or len(set(password)) < SHORTEST // 3:
        raise Problem(
            Code.INVALID_ARGUMENT,
            f"a password must have {SHORTEST} to {LONGEST} characters, not just a few of them repeated",
            "input.password",
        )
    return password


def hash_password(password: str) -> str:
    """The hash to store, for a caller that needs one only. Raises Problem for an unacceptable password."""
    return PasswordHasher().hash(require_acceptable(password))


def new_password() -> str:
    """A new random password with 120 bits of entropy."""
    return secrets.token_urlsafe(15)
