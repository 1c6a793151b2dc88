"""Authentication in the warehouse: the database names the user, and the transaction gets the user's rights.

It serves both kinds of connection, the asynchronous one of a request and a synchronous one in a thread.
`service/authenticator.py` finds the user that a token names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from psycopg import AsyncConnection, IsolationLevel
from psycopg.rows import TupleRow, class_row

from aurora_api.access.principal import Capability, Principal, UserRole
from aurora_api.problems import Code, Problem
from aurora_resources.warehouse.connection import DbConnection, Warehouse
from aurora_resources.warehouse.queries import read_query

_AUTHENTICATE: Final = "access/users.authenticate"

_REFUSALS: Final = {
    "USER_DISABLED": (Code.USER_DISABLED, "this user is disabled; ask an administrator"),
    "USER_EXPIRED": (Code.USER_EXPIRED, "the user's account has expired; ask an administrator"),
    "SESSION_REVOKED": (Code.SESSION_REVOKED, "this session or token was revoked; sign in again"),
    "SESSION_EXPIRED": (Code.SESSION_EXPIRED, "this session or token has expired; sign in again"),
}
_UNKNOWN: Final = (Code.TOKEN_INVALID, "the user of this token does not exist; sign in again")


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that a verified token names; whether the user is active is not known yet.

    `session_id` is `family:<uuid>` for a session begun with a password, `token:<uuid>` for an API token, and
    `oidc` for an identity that an external issuer asserts.
    """

    user_id: int
    session_id: str


class SessionRow(NamedTuple):
    """The result of `access/users.authenticate`. `scopes` is None except for API tokens."""

    refusal: str | None
    user_id: int
    username: str
    display_name: str
    role: str
    partner_id: int | None
    chain_ids: list[str] | None
    validator_keys: list[str] | None
    scopes: list[str] | None
    acting_as: str | None


def principal_of(row: SessionRow, session_id: str) -> Principal:
    """The principal of this row; an empty array is no restriction. Raises Problem for a refusal."""
    if row.refusal is not None:
        raise Problem(*_REFUSALS.get(row.refusal, _UNKNOWN))
    known = {capability.value for capability in Capability}
    return Principal(
        user_id=row.user_id,
        username=row.username,
        display_name=row.display_name,
        role=UserRole(row.role),
        partner_id=row.partner_id,
        chain_ids=tuple(row.chain_ids) if row.chain_ids else None,
        validator_keys=tuple(row.validator_keys) if row.validator_keys else None,
        scopes=None
        if row.scopes is None
        else frozenset(Capability(scope) for scope in row.scopes if scope in known),
        session_id=session_id,
    )


async def authenticate_async(connection: AsyncConnection[TupleRow], identity: Identity) -> Principal:
    """Give the connection's open transaction the user's rights. Raises Problem for a refusal."""
    async with connection.cursor(row_factory=class_row(SessionRow)) as cursor:
        await cursor.execute(read_query(_AUTHENTICATE).encode(), _parameters(identity, None))
        (row,) = await cursor.fetchall()
    return principal_of(row, identity.session_id)


def authenticate(connection: DbConnection, identity: Identity, as_role: str | None = None) -> Principal:
    """The same for a synchronous connection; `as_role` replaces the database role of staff."""
    with connection.cursor(row_factory=class_row(SessionRow)) as cursor:
        cursor.execute(read_query(_AUTHENTICATE).encode(), _parameters(identity, as_role))
        (row,) = cursor.fetchall()
    return principal_of(row, identity.session_id)


@contextmanager
def caller_transaction(
    warehouse: Warehouse,
    identity: Identity,
    *,
    as_role: str | None = None,
    read_only: bool = False,
    statement_seconds: int = 30,
) -> Iterator[tuple[DbConnection, Principal]]:
    """A connection with one transaction that has the user's rights; any error rolls it back.

    A read-only one reads one snapshot of the warehouse. Raises Problem if the user is refused.
    """
    with warehouse.connect() as connection:
        connection.read_only = read_only
        if read_only:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            connection.execute(
                "select set_config('timezone', 'UTC', true), set_config('statement_timeout', %s, true)",
                [f"{statement_seconds}s"],
            )
            yield connection, authenticate(connection, identity, as_role)


def _parameters(identity: Identity, as_role: str | None) -> dict[str, object]:
    return {"user_id": identity.user_id, "session_id": identity.session_id, "as_role": as_role}
