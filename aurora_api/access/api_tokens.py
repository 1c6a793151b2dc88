"""API tokens (`aur_...`): credentials of programs that act for a user, with some of the user's capabilities.

Only the digest of a token is stored. The functions expect a connection in the role `aurora_auth`.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from psycopg.rows import class_row

from aurora_api.access.principal import Capability, Principal
from aurora_api.access.sessions import digest_of, new_token
from aurora_api.problems import Code, Problem
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query

API_TOKEN_PREFIX: Final = "aur_"  # noqa: S105 - a prefix, not a token
DAYS_MAX: Final = 366
_NAME_MAX: Final = 100


class ApiTokenRow(NamedTuple):
    """An API token as stored. Times are UTC."""

    api_token_id: UUID
    user_id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def audited(self) -> dict[str, str | int | list[str]]:
        """The values that the audit log records of it."""
        return {
            "name": self.name,
            "userId": self.user_id,
            "scopes": self.scopes,
            "expiresAt": self.expires_at.isoformat(),
        }


def create_api_token(
    session: DbConnection, principal: Principal, name: str, scopes: Collection[Capability], days: int
) -> tuple[ApiTokenRow, str]:
    """Create a token of the user. Returns its row and its text, which is shown only this once.

    `days` is its lifetime. Raises Problem for an invalid name, lifetime or scope.
    """
    if not 1 <= len(name.strip()) <= _NAME_MAX:
        raise Problem(
            Code.INVALID_ARGUMENT, f"the name of a token must have 1 to {_NAME_MAX} characters", "input.name"
        )
    if not 1 <= days <= DAYS_MAX:
        raise Problem(
            Code.INVALID_ARGUMENT, f"the lifetime of a token must be 1 to {DAYS_MAX} days", "input.days"
        )
    beyond = sorted(set(scopes) - principal.capabilities)
    if beyond or not scopes:
        reason = (
            f"you do not have {', '.join(beyond)} yourself" if beyond else "a token needs at least one scope"
        )
        raise Problem(Code.INVALID_ARGUMENT, reason, "input.scopes")
    token = new_token(API_TOKEN_PREFIX)
    parameters = {
        "api_token_id": uuid4(),
        "user_id": principal.user_id,
        "name": name.strip(),
        "token_digest": digest_of(token),
        "scopes": sorted(scope.value for scope in set(scopes)),
        "days": days,
    }
    with session.cursor(row_factory=class_row(ApiTokenRow)) as cursor:
        (row,) = cursor.execute(read_query("access/api_tokens.add_api_token").encode(), parameters).fetchall()
    return row, token


def revoke_api_token(session: DbConnection, api_token_id: str, user_id: int | None) -> ApiTokenRow:
    """Revoke a token of this user, or of any user with None. Raises Problem if it does not exist."""
    try:
        token_id = UUID(api_token_id)
    except ValueError:
        token_id = UUID(int=0)
    parameters = {"api_token_id": token_id, "user_id": user_id}
    with session.cursor(row_factory=class_row(ApiTokenRow)) as cursor:
        row = cursor.execute(read_query("access/api_tokens.revoke_api_token").encode(), parameters).fetchone()
    if row is None:
        raise Problem(Code.NOT_FOUND, "there is no such API token", "input.apiTokenId")
    return row
