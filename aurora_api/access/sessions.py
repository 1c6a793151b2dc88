"""Sessions of users: sign-in, exchange of a refresh token for the next one, and the end of a session.

A refresh token can be used once. If one is used again, it was copied: the session with its whole family of
tokens is revoked. Everything here blocks on the database and on hashing: call it in a thread.
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
"""The longest lifetime of a session, however often it is refreshed."""

FAMILY: Final = "family:"
REFRESH_PREFIX: Final = "aurr_"
USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,119}")
_NOBODY: Final = "(unknown user)"

_WRONG: Final = "username or password is wrong"
_INVALID: Final = "the refresh token is not valid; sign in again"


@dataclass(frozen=True, slots=True)
class RequestMeta:
    """What the audit log records of the request: its correlation id and the SHA-256 of its body."""

    correlation_id: str
    request_digest: bytes


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The tokens of a session in clear text, which are not stored. `session_ends_at` is UTC."""

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
    """A transaction in the role `aurora_auth`, which may read users and tokens but no ledger."""
    with warehouse.transaction() as session:
        session.execute("select set_config('role', %s, true)", [AUTH_ROLE])
        yield session


def digest_of(token: str) -> bytes:
    """The digest to store of a token: with 256 random bits, one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """The sessions of one service."""

    def __init__(self, warehouse: Warehouse, keys: TokenKeys, passwords: Passwords) -> None:
        self._warehouse = warehouse
        self.keys: Final = keys
        self.passwords: Final = passwords

    def login(self, username: str, password: str, meta: RequestMeta) -> SignedIn:
        """Begin a session. Raises the same Problem for an unknown user as for a wrong password.

        Both take the same time: a password is always verified, and the outcome is always recorded.
        """
        name = username.strip().lower()
        with (
            auth_transaction(self._warehouse) as session,
            session.cursor(row_factory=class_row(_Credentials)) as cursor,
        ):
            # The same query for a text that is not a valid username: no user has an empty one.
            parameters = {"username": name if USERNAME.fullmatch(name) else ""}
            found = cursor.execute(read_query("access/users.credentials").encode(), parameters).fetchone()
        matches = self.passwords.verify(found.password_hash if found else None, password)
        refusal = _refusal(found if matches else None)
        with auth_transaction(self._warehouse) as session:
            signed_in = None
            if found is not None and refusal is None:
                self._keep_hash_current(session, found, password)
                signed_in = self._begin(session, found.user_id)
            append_audit(session, _entry("login", meta, found, refusal))
        if signed_in is None:
            raise refusal or Problem(Code.CREDENTIALS_INVALID, _WRONG)
        return signed_in

    def refresh(self, refresh_token: str, meta: RequestMeta) -> SignedIn:
        """The next pair of tokens of the session. Raises Problem; a token used before ends the session."""
        if not refresh_token.startswith(REFRESH_PREFIX) or not refresh_token.isascii():
            raise Problem(Code.TOKEN_INVALID, _INVALID)
        digest = digest_of(refresh_token)
        with auth_transaction(self._warehouse) as session:
            with session.cursor(row_factory=class_row(_Refresh)) as cursor:
                cursor.execute(
                    read_query("access/sessions.lock_refresh_token").encode(), {"token_digest": digest}
                )
                found = cursor.fetchone()
            if found is None:
                raise Problem(Code.TOKEN_INVALID, _INVALID)
            refusal = _refresh_refusal(found)
            if refusal is None:
                session.execute(read_query("access/sessions.use_refresh_token"), {"token_digest": digest})
                return self._follow(session, found)
            if refusal.code is Code.REFRESH_REUSED:
                end_session(session, found.family_id, "a refresh token was used twice")
            append_audit(session, _entry("refresh", meta, found, refusal))
        raise refusal

    def _begin(self, session: DbConnection, user_id: int) -> SignedIn:
        family = uuid4()
        token = new_token(REFRESH_PREFIX)
        (ends_at,) = session.execute(
            read_query("access/sessions.begin_session"),
            {"token_digest": digest_of(token), "family_id": family, "user_id": user_id, "days": SESSION_DAYS},
        ).fetchall()[0]
        return self._signed_in(user_id, family, token, ends_at)

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
        return self._signed_in(used.user_id, used.family_id, token, used.expires_at)

    def _signed_in(self, user_id: int, family: UUID, token: str, ends_at: datetime) -> SignedIn:
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
    """Revoke all tokens of the session."""
    session.execute(
        read_query("access/sessions.revoke_session"), {"family_id": family_id, "because": because}
    )


def family_of(session_id: str) -> UUID | None:
    """The family of refresh tokens of a session; None for an API token and an external identity."""
    return UUID(session_id.removeprefix(FAMILY)) if session_id.startswith(FAMILY) else None


def new_token(prefix: str) -> str:
    """A new random token with 256 bits of entropy; the prefix shows which kind of token it is."""
    return prefix + secrets.token_urlsafe(32)


def _refusal(found: _Credentials | None) -> Problem | None:
    if found is None:
        return Problem(Code.CREDENTIALS_INVALID, _WRONG)
    if not found.active:
        return Problem(Code.USER_DISABLED, "this user is disabled; ask an administrator")
    if found.expired:
        return Problem(Code.USER_EXPIRED, "the user's account has expired; ask an administrator")
    return None


def _refresh_refusal(found: _Refresh) -> Problem | None:
    if found.revoked:
        return Problem(Code.SESSION_REVOKED, "this session was ended; sign in again")
    if found.used:
        return Problem(
            Code.REFRESH_REUSED, "this refresh token was used before, so the session was ended; sign in again"
        )
    if found.expired:
        return Problem(Code.SESSION_EXPIRED, "this session has expired; sign in again")
    if not found.active:
        return Problem(Code.USER_DISABLED, "this user is disabled; ask an administrator")
    if found.user_expired:
        return Problem(Code.USER_EXPIRED, "the user's account has expired; ask an administrator")
    return None


def _entry(
    action: str, meta: RequestMeta, found: _Credentials | _Refresh | None, refusal: Problem | None
) -> AuditEntry:
    # Not the text that was entered: users enter passwords in the wrong field.
    return AuditEntry(
        actor=found.username if found else _NOBODY,
        action=action,
        object_type="Session",
        outcome="REFUSED" if refusal else "DONE",
        after=refusal.code.value if refusal else None,
        user_id=found.user_id if found else None,
        request_digest=meta.request_digest,
        correlation_id=meta.correlation_id,
    )
