"""Sessions of people: signing in, exchanging a refresh token for the next, the end of a session.

A refresh token is good once. One that comes back a second time was copied by somebody, so its whole family
ends. Everything here is synchronous and waits for the database and for hashing: call it in a thread.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from psycopg.rows import class_row

from aurora_api.access.authenticate import Identity
from aurora_api.access.passwords import Passwords
from aurora_api.access.token_keys import LIFETIME_SECONDS, TokenKeys
from aurora_api.problems import Code, Problem
from aurora_resources.warehouse.audit import AuditEntry, append_audit
from aurora_resources.warehouse.connection import AUTH_ROLE, DbConnection, Warehouse
from aurora_resources.warehouse.queries import read_query

SESSION_DAYS: Final = 30
"""How long a session lasts at most, however often it is refreshed."""

FAMILY: Final = "family:"
REFRESH_PREFIX: Final = "aurr_"
USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,119}")
_NOBODY: Final = "(unknown user)"

_WRONG: Final = "username or password is wrong"
_NO_SUCH: Final = "this is no refresh token of a session here; sign in again"


@dataclass(frozen=True, slots=True)
class RequestMeta:
    """What the audit log keeps of the request: its correlation id, the SHA-256 of its body."""

    correlation_id: str
    request_digest: bytes


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session's tokens, in clear: told once, kept nowhere. `session_ends_at` is UTC."""

    access_token: str
    refresh_token: str
    expires_in_seconds: int
    session_ends_at: datetime


class _Credentials(NamedTuple):
    user_id: int
    username: str
    password_hash: str | None
    active: bool
    expired: bool | None


class _Refresh(NamedTuple):
    family_id: UUID
    user_id: int
    username: str
    used: bool
    revoked: bool
    expires_at: datetime
    expired: bool
    active: bool
    user_expired: bool


@contextmanager
def auth_transaction(warehouse: Warehouse) -> Iterator[DbConnection]:
    """A transaction that may see users and tokens, and nothing of the books."""
    with warehouse.transaction() as session:
        session.execute("select set_config('role', %s, true)", [AUTH_ROLE])
        yield session


def digest_of(token: str) -> bytes:
    """What is kept of a token: it has 256 random bits, so that one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """The sessions of one service."""

    def __init__(self, warehouse: Warehouse, keys: TokenKeys, passwords: Passwords) -> None:
        self._warehouse = warehouse
        self.keys: Final = keys
        self.passwords: Final = passwords

    def login(self, username: str, password: str, trail: RequestMeta) -> SignedIn:
        """Begin a session. Raises Problem, the same for an unknown user as for a wrong password.

        Both cost the same, too: a password is always checked, and the outcome always written down.
        """
        name = username.strip().lower()
        with (
            auth_transaction(self._warehouse) as session,
            session.cursor(row_factory=class_row(_Credentials)) as cursor,
        ):
            # A text that is no username is asked for as well: the empty one, which nobody has.
            asked = {"username": name if USERNAME.fullmatch(name) else ""}
            found = cursor.execute(read_query("access/users.credentials").encode(), asked).fetchone()
        matches = self.passwords.verify(found.password_hash if found else None, password)
        refusal = _refusal(found if matches else None)
        with auth_transaction(self._warehouse) as session:
            signed_in = None
            if found is not None and refusal is None:
                self._keep_hash_current(session, found, password)
                signed_in = self._begin(session, found.user_id)
            append_audit(session, _entry("login", trail, found, refusal))
        if signed_in is None:
            raise refusal or Problem(Code.CREDENTIALS_INVALID, _WRONG)
        return signed_in

    def refresh(self, refresh_token: str, trail: RequestMeta) -> SignedIn:
        """The session's next pair of tokens. Raises Problem; a token used before ends the session."""
        if not refresh_token.startswith(REFRESH_PREFIX) or not refresh_token.isascii():
            raise Problem(Code.TOKEN_INVALID, _NO_SUCH)
        digest = digest_of(refresh_token)
        with auth_transaction(self._warehouse) as session:
            with session.cursor(row_factory=class_row(_Refresh)) as cursor:
                cursor.execute(
                    read_query("access/sessions.lock_refresh_token").encode(), {"token_digest": digest}
                )
                found = cursor.fetchone()
            if found is None:
                raise Problem(Code.TOKEN_INVALID, _NO_SUCH)
            refusal = _refresh_refusal(found)
            if refusal is None:
                session.execute(read_query("access/sessions.use_refresh_token"), {"token_digest": digest})
                return self._follow(session, found)
            if refusal.code is Code.REFRESH_REUSED:
                end_session(session, found.family_id, "a refresh token was used twice")
            append_audit(session, _entry("refresh", trail, found, refusal))
        raise refusal

    def _begin(self, session: DbConnection, user_id: int) -> SignedIn:
        family = uuid4()
        token = new_token(REFRESH_PREFIX)
        (ends_at,) = session.execute(
            read_query("access/sessions.begin_session"),
            {"token_digest": digest_of(token), "family_id": family, "user_id": user_id, "days": SESSION_DAYS},
        ).fetchall()[0]
        return self._told(user_id, family, token, ends_at)

    def _follow(self, session: DbConnection, used: _Refresh) -> SignedIn:
        token = new_token(REFRESH_PREFIX)
        session.execute(
            read_query("access/sessions.follow_refresh_token"),
            {
                "token_digest": digest_of(token),
                "family_id": used.family_id,
                "user_id": used.user_id,
                "expires_at": used.expires_at,
            },
        )
        return self._told(used.user_id, used.family_id, token, used.expires_at)

    def _told(self, user_id: int, family: UUID, token: str, ends_at: datetime) -> SignedIn:
        access_token = self.keys.issue(Identity(user_id, f"{FAMILY}{family}"))
        return SignedIn(access_token, token, LIFETIME_SECONDS, ends_at)

    def _keep_hash_current(self, session: DbConnection, found: _Credentials, password: str) -> None:
        stored = found.password_hash
        if stored is not None and self.passwords.is_outdated(stored):
            renewed = {
                "user_id": found.user_id,
                "password_hash": self.passwords.hash(password),
                "replaced": stored,
            }
            session.execute(read_query("access/users.renew_password_hash"), renewed)


def end_session(session: DbConnection, family_id: UUID, because: str) -> None:
    """No token of the session is good any more, from now on."""
    session.execute(
        read_query("access/sessions.revoke_session"), {"family_id": family_id, "because": because}
    )


def family_of(session_id: str) -> UUID | None:
    """The family of refresh tokens that a session is; None for an API token and an external identity."""
    return UUID(session_id.removeprefix(FAMILY)) if session_id.startswith(FAMILY) else None


def new_token(prefix: str) -> str:
    """A fresh random token, 256 bits; the prefix tells what it is to whoever finds it."""
    return prefix + secrets.token_urlsafe(32)


def _refusal(found: _Credentials | None) -> Problem | None:
    if found is None:
        return Problem(Code.CREDENTIALS_INVALID, _WRONG)
    if not found.active:
        return Problem(Code.USER_DISABLED, "this user is disabled; ask an administrator")
    if found.expired:
        return Problem(Code.USER_EXPIRED, "this user's time is over; ask an administrator")
    return None


def _refresh_refusal(found: _Refresh) -> Problem | None:
    if found.revoked:
        return Problem(Code.SESSION_REVOKED, "this session was ended; sign in again")
    if found.used:
        return Problem(
            Code.REFRESH_REUSED, "this refresh token was used before, so the session was ended; sign in again"
        )
    if found.expired:
        return Problem(Code.SESSION_EXPIRED, "this session is over; sign in again")
    if not found.active:
        return Problem(Code.USER_DISABLED, "this user is disabled; ask an administrator")
    if found.user_expired:
        return Problem(Code.USER_EXPIRED, "this user's time is over; ask an administrator")
    return None


def _entry(
    action: str, trail: RequestMeta, found: _Credentials | _Refresh | None, refusal: Problem | None
) -> AuditEntry:
    # Not what was typed: people type passwords into the wrong box.
    return AuditEntry(
        actor=found.username if found else _NOBODY,
        action=action,
        object_type="Session",
        outcome="REFUSED" if refusal else "DONE",
        after=refusal.code.value if refusal else None,
        user_id=found.user_id if found else None,
        request_digest=trail.request_digest,
        correlation_id=trail.correlation_id,
    )
