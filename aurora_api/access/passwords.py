"""Passwords: argon2id hashes, made and checked. A check costs the same whether or not there is such a user.

Hashing takes tens of milliseconds and 64 MiB on purpose: call it in a thread, few at a time.
"""

import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from aurora_api.problems import Code, Problem

SHORTEST: Final = 12
LONGEST: Final = 512


class Passwords:
    """Makes and checks hashes, with one cost (RFC 9106, the memory-constrained choice, is the library's)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        # What an unknown user's password is compared with: nobody knows the text it was made of.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        """The hash to store. Raises Problem for a password too short or too long."""
        return self._hasher.hash(acceptable(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed; with nothing stored the same work, and False."""
        # Nobody's password is longer: such a one costs no more, and is not mistaken for its beginning.
        given = password if len(password) <= LONGEST else ""
        try:
            matches = self._hasher.verify(stored or self._nobody, given.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
        return matches and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made at a lower cost than today's."""
        return self._hasher.check_needs_rehash(stored)


def acceptable(password: str) -> str:
    """The password itself. Raises Problem when it is too short or too long; its text is never told."""
    if not SHORTEST <= len(password) <= LONGEST or len(set(password)) < SHORTEST // 3:
        raise Problem(
            Code.INVALID_ARGUMENT,
            f"a password has {SHORTEST} to {LONGEST} characters, and not the same few again and again",
            "input.password",
        )
    return password


def hash_password(password: str) -> str:
    """The hash to store, for a caller that needs just one. Raises Problem."""
    return PasswordHasher().hash(acceptable(password))


def new_password() -> str:
    """A fresh random password, 120 bits, that can be typed."""
    return secrets.token_urlsafe(15)
