"""The demonstration's users, one for each role, with random passwords that are stored in Aurora's home.

Only two commands create them: `aurora demo`, and `aurora up` without real providers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from aurora_api.access.passwords import Passwords, new_password
from aurora_api.access.principal import UserRole
from aurora_api.access.sessions import auth_transaction
from aurora_api.access.token_keys import write_once
from aurora_api.access.users import UserTerms, create_user, find_user_named, password_hash_of, set_password
from aurora_api.problems import Code, Problem
from aurora_resources.errors import ConfigurationError
from aurora_resources.warehouse.audit import AuditEntry, append_audit
from aurora_resources.warehouse.connection import DbConnection, Warehouse

FILE_NAME: Final = "demo-users.json"
_AUDITOR_TIME: Final = timedelta(days=365)


class DemoUser(msgspec.Struct, frozen=True):
    """A user of the demonstration, with the password in clear text."""

    username: str
    role: str
    password: str


def kept_demo_users(home: Path) -> Sequence[DemoUser]:
    """The users whose passwords are stored in the home; none if no demonstration was started there.

    Raises ConfigurationError for a file that cannot be decoded.
    """
    path = home / FILE_NAME
    return _read(path, path.read_text(encoding="utf-8")) if path.exists() else ()


def describe_demo_users(users: Sequence[DemoUser]) -> str:
    """How to sign in: one line for each user, with role, name and password."""
    lines = [f"  {user.role:<8} {user.username:<16} {user.password}" for user in users]
    return "\n".join(["", "Sign in (mutation login) as one of the demonstration's users:", *lines])


def ensure_demo_users(warehouse: Warehouse, home: Path, partner_code: str) -> Sequence[DemoUser]:
    """Create one user for each role, with the password stored in the home; a second run changes nothing."""
    new_users = [DemoUser(f"demo-{role.value.lower()}", role.value, new_password()) for role in UserRole]
    path = home / FILE_NAME
    users = _read(path, write_once(path, msgspec.json.encode(new_users).decode()))
    passwords = Passwords()
    with auth_transaction(warehouse) as session:
        for user in users:
            _ensure(session, user, passwords, partner_code)
    return users


def _ensure(session: DbConnection, user: DemoUser, passwords: Passwords, partner_code: str) -> None:
    try:
        known = find_user_named(session, user.username)
    except Problem as problem:
        if problem.code is not Code.NOT_FOUND:
            raise
        role = UserRole(user.role)
        terms = UserTerms(
            display_name=f"Demonstration: {role.value.lower()}",
            role=role,
            partner_code=partner_code if role is UserRole.PARTNER else None,
            expires_at=datetime.now(UTC) + _AUDITOR_TIME if role is UserRole.AUDITOR else None,
        )
        created = create_user(session, user.username, terms, passwords.hash(user.password))
        entry = AuditEntry("aurora demo", "createUser", "User", user.username, after=created.audited)
        append_audit(session, entry)
        return
    if not passwords.verify(password_hash_of(session, known.user_id), user.password):
        # The home was emptied, or the database belongs to another home.
        set_password(session, known.user_id, passwords.hash(user.password))
        append_audit(session, AuditEntry("aurora demo", "setPassword", "User", user.username))


def _read(path: Path, text: str) -> list[DemoUser]:
    try:
        return msgspec.json.decode(text, type=list[DemoUser])
    except msgspec.MsgspecError as error:
        raise ConfigurationError(
            f"{path} is damaged ({error}); remove it, and run aurora demo again"
        ) from None
