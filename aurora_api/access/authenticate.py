"""Entering the warehouse as a user: the database says who it is now, and the transaction becomes theirs.

Both kinds of session use it, the request's own asynchronous one and a synchronous one in a thread. Which
token means which user is found out in `service/authenticator.py`.
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

ENTER: Final = "access/users.authenticate"

_REFUSALS: Final = {
    "USER_DISABLED": (Code.USER_DISABLED, "this user is disabled; ask an administrator"),
    "USER_EXPIRED": (Code.USER_EXPIRED, "this user's time is over; ask an administrator"),
    "SESSION_REVOKED": (Code.SESSION_REVOKED, "this session or token was revoked; sign in again"),
    "SESSION_EXPIRED": (Code.SESSION_EXPIRED, "this session or token has expired; sign in again"),
}
_UNKNOWN: Final = (Code.TOKEN_INVALID, "no user has this token; sign in again")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a checked token names: not yet whether they may come in.

    `session_id` is `family:<uuid>` for a person's session, `token:<uuid>` for an API token, and `oidc` for an
    identity that another issuer vouches for.
    """

    user_id: int
    session_id: str


class SessionRow(NamedTuple):
    """The database's answer. `scopes` is None except for API tokens; empty arrays count as None."""

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


def principal_of(entered: SessionRow, session_id: str) -> Principal:
    """Who it is. Raises Problem for somebody who may not come in."""
    if entered.refusal is not None:
        raise Problem(*_REFUSALS.get(entered.refusal, _UNKNOWN))
    known = {capability.value for capability in Capability}
    return Principal(
        user_id=entered.user_id,
        username=entered.username,
        display_name=entered.display_name,
        role=UserRole(entered.role),
        partner_id=entered.partner_id,
        chain_ids=tuple(entered.chain_ids) if entered.chain_ids else None,
        validator_keys=tuple(entered.validator_keys) if entered.validator_keys else None,
        scopes=None
        if entered.scopes is None
        else frozenset(Capability(scope) for scope in entered.scopes if scope in known),
        session_id=session_id,
    )


async def authenticate_async(connection: AsyncConnection[TupleRow], identity: Identity) -> Principal:
    """Make the connection's open transaction the user's. Raises Problem."""
    async with connection.cursor(row_factory=class_row(SessionRow)) as cursor:
        await cursor.execute(read_query(ENTER).encode(), _parameters(identity, None))
        (entered,) = await cursor.fetchall()
    return principal_of(entered, identity.session_id)


def authenticate(connection: DbConnection, identity: Identity, as_role: str | None = None) -> Principal:
    """The same for a synchronous session; `as_role` instead of the role that staff act through."""
    with connection.cursor(row_factory=class_row(SessionRow)) as cursor:
        cursor.execute(read_query(ENTER).encode(), _parameters(identity, as_role))
        (entered,) = cursor.fetchall()
    return principal_of(entered, identity.session_id)


@contextmanager
def caller_transaction(
    warehouse: Warehouse,
    identity: Identity,
    *,
    as_role: str | None = None,
    read_only: bool = False,
    statement_seconds: int = 30,
) -> Iterator[tuple[DbConnection, Principal]]:
    """A session with one transaction that is the user's: committed at the end, rolled back by any error.

    A read-only one sees one moment of the warehouse. Raises Problem when they may not come in (any more).
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
