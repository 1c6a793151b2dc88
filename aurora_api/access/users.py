"""Users in the warehouse: name, role, the restriction of their view, and expiry.

The functions expect a connection in the role `aurora_auth`. They do not write to the audit log: callers
do. Sign-in is in `sessions.py`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from aurora_api.access.principal import UserRole
from aurora_api.access.sessions import USERNAME
from aurora_api.problems import Code, Problem
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query


@dataclass(frozen=True, slots=True)
class UserTerms:
    """What an administrator sets for a user. None means no restriction and no expiry; times are UTC.

    `partner_code` is set for PARTNER only. `oidc_issuer` and `oidc_subject` are set together or not at all.
    """

    display_name: str
    role: UserRole
    partner_code: str | None = None
    chain_ids: tuple[str, ...] | None = None
    validator_keys: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    oidc_issuer: str | None = None
    oidc_subject: str | None = None
    active: bool = True


class UserRow(NamedTuple):
    """A user as stored, without the password hash."""

    user_id: int
    username: str
    display_name: str
    role: str
    partner_id: int | None
    partner_code: str | None
    chain_ids: list[str] | None
    validator_keys: list[str] | None
    oidc_issuer: str | None
    oidc_subject: str | None
    has_password: bool
    active: bool
    expires_at: datetime | None
    created_at: datetime
    version: int

    @property
    def terms(self) -> UserTerms:
        """The terms of the user."""
        return UserTerms(
            self.display_name,
            UserRole(self.role),
            self.partner_code,
            tuple(self.chain_ids) if self.chain_ids else None,
            tuple(self.validator_keys) if self.validator_keys else None,
            self.expires_at,
            self.oidc_issuer,
            self.oidc_subject,
            self.active,
        )

    @property
    def audited(self) -> dict[str, str | int | bool | list[str] | None]:
        """The values that the audit log records of the user."""
        return {
            "username": self.username,
            "displayName": self.display_name,
            "role": self.role,
            "partner": self.partner_code,
            "chainIds": self.chain_ids,
            "validatorKeys": self.validator_keys,
            "oidcIssuer": self.oidc_issuer,
            "oidcSubject": self.oidc_subject,
            "active": self.active,
            "expiresAt": None if self.expires_at is None else self.expires_at.astimezone(UTC).isoformat(),
            "version": self.version,
        }


def create_user(session: DbConnection, username: str, terms: UserTerms, password_hash: str | None) -> UserRow:
    """Add a user. Raises Problem for inconsistent terms, and for a username that exists already."""
    name = username.strip().lower()
    if not USERNAME.fullmatch(name):
        raise Problem(
            Code.INVALID_ARGUMENT,
            "a username has 1 to 120 characters of a-z, 0-9 and ._@-, and begins with a letter or digit",
            "input.username",
        )
    parameters = {"username": name, "password_hash": password_hash, **_columns(session, terms)}
    try:
        with session.transaction():
            rows = session.execute(read_query("access/users.add_user"), parameters).fetchall()
    except psycopg.errors.UniqueViolation as error:
        raise _taken(error) from None
    return find_user(session, rows[0][0])


def find_user(session: DbConnection, user_id: int) -> UserRow:
    """The user, locked until the transaction ends. Raises Problem if it does not exist."""
    with session.cursor(row_factory=class_row(UserRow)) as cursor:
        found = cursor.execute(read_query("access/users.lock_user").encode(), {"user_id": user_id}).fetchone()
    if found is None:
        raise Problem(Code.NOT_FOUND, "there is no such user")
    return found


def find_user_named(session: DbConnection, username: str) -> UserRow:
    """The user of that name, locked. Raises Problem if it does not exist."""
    name = username.strip().lower()
    parameters = {"username": name if USERNAME.fullmatch(name) else ""}
    found = session.execute(read_query("access/users.user_id_of_name"), parameters).fetchone()
    if found is None:
        raise Problem(Code.NOT_FOUND, "there is no such user")
    return find_user(session, found[0])


def update_user(session: DbConnection, user: UserRow, expected_version: int, terms: UserTerms) -> UserRow:
    """Set the terms of a user; sessions and API tokens of a user who becomes inactive are revoked.

    Raises Problem if the user was changed since `expected_version`, for inconsistent terms, and if no
    administrator would remain.
    """
    if user.version != expected_version:
        raise Problem(
            Code.VERSION_CONFLICT,
            f"the user is at version {user.version}, not {expected_version}: read it again",
            "input.expectedVersion",
        )
    parameters = {
        "user_id": user.user_id,
        "expected_version": expected_version,
        "active": terms.active,
        **_columns(session, terms),
    }
    stays_admin = terms.role is UserRole.ADMIN and terms.active and not _is_over(terms.expires_at)
    if user.role == UserRole.ADMIN and not stays_admin:
        _keep_an_admin(session, user.user_id)
    try:
        with session.transaction():
            session.execute(read_query("access/users.update_user"), parameters)
    except psycopg.errors.UniqueViolation as error:
        raise _taken(error) from None
    if not terms.active:
        sign_out(session, user.user_id, "the user was disabled", tokens=True)
    return find_user(session, user.user_id)


def password_hash_of(session: DbConnection, user_id: int) -> str | None:
    """The hash of the user's password, or None."""
    found = session.execute(read_query("access/users.password_hash"), {"user_id": user_id}).fetchone()
    return None if found is None else found[0]


def set_password(session: DbConnection, user_id: int, password_hash: str, *, but: object = None) -> None:
    """Set the password hash; all sessions are revoked except the family `but` (a UUID)."""
    session.execute(
        read_query("access/users.put_password"), {"user_id": user_id, "password_hash": password_hash}
    )
    sign_out(session, user_id, "the password was changed", but=but)


def sign_out(
    session: DbConnection, user_id: int, because: str, *, but: object = None, tokens: bool = False
) -> None:
    """Revoke all sessions of a user except the family `but`, and with `tokens` also the API tokens."""
    ended = {"user_id": user_id, "because": because, "but": but}
    session.execute(read_query("access/sessions.revoke_sessions"), ended)
    if tokens:
        session.execute(read_query("access/api_tokens.revoke_api_tokens"), {"user_id": user_id})


def _columns(session: DbConnection, terms: UserTerms) -> dict[str, object]:
    _check(terms)
    return {
        "display_name": terms.display_name.strip(),
        "role": terms.role.value,
        "partner_id": None if terms.partner_code is None else _partner_id(session, terms.partner_code),
        "chain_ids": None if terms.chain_ids is None else list(terms.chain_ids),
        "validator_keys": None if terms.validator_keys is None else list(terms.validator_keys),
        "oidc_issuer": terms.oidc_issuer,
        "oidc_subject": terms.oidc_subject,
        "expires_at": terms.expires_at,
    }


def _check(terms: UserTerms) -> None:
    """Raises Problem for inconsistent terms."""
    wrong: str | None = None
    if not terms.display_name.strip():
        wrong = "displayName: a user needs a display name"
    elif (terms.role is UserRole.PARTNER) != (terms.partner_code is not None):
        wrong = "partnerCode: a user of the role PARTNER needs a partner, and no other role has one"
    elif terms.role is UserRole.AUDITOR and terms.expires_at is None:
        wrong = "expiresAt: an auditor needs an expiry"
    elif terms.expires_at is not None and terms.expires_at.tzinfo is None:
        wrong = "expiresAt: the time needs a time zone, such as Z at its end"
    elif (terms.oidc_issuer is None) != (terms.oidc_subject is None):
        wrong = "oidcSubject: issuer and subject must be given together"
    elif terms.chain_ids == () or (terms.validator_keys == () and terms.role is not UserRole.PARTNER):
        wrong = "chainIds: an empty list is not accepted; null means no restriction"
    elif any(not each or "," in each for each in (*(terms.chain_ids or ()), *(terms.validator_keys or ()))):
        wrong = "validatorKeys: names of chains and validators contain no comma"
    if wrong is not None:
        name, _, reason = wrong.partition(": ")
        raise Problem(Code.INVALID_ARGUMENT, reason, f"input.{name}")


def _is_over(expires_at: datetime | None) -> bool:
    return expires_at is not None and expires_at <= datetime.now(UTC)


def _partner_id(session: DbConnection, code: str) -> int:
    found = session.execute(read_query("registry/partners.partner_id_of_code"), {"code": code}).fetchone()
    if found is None:
        raise Problem(Code.NOT_FOUND, "there is no such partner", "input.partnerCode")
    partner_id: int = found[0]
    return partner_id


def _keep_an_admin(session: DbConnection, user_id: int) -> None:
    admins = [row[0] for row in session.execute(read_query("access/users.lock_active_admins")).fetchall()]
    if admins == [user_id]:
        raise Problem(Code.INVALID_ARGUMENT, "this is the last administrator; add another one first")


def _taken(error: psycopg.errors.UniqueViolation) -> Problem:
    identity = "oidc" in (error.diag.constraint_name or "")
    return Problem(
        Code.ALREADY_EXISTS,
        "another user has this external identity" if identity else "another user has this username",
        "input.oidcSubject" if identity else "input.username",
    )
