"""API tokens (`aur_...`): for programs that ask in a user's name, with some of what that user may do.

Only the digest of a token is stored. The functions take a session that acts as `aurora_auth`.
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

API_TOKEN_PREFIX: Final = "aur_"  # noqa: S105 - the beginning of a token, not a token
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
        """What the audit log keeps of it."""
        return {
            "name": self.name,
            "userId": self.user_id,
            "scopes": self.scopes,
            "expiresAt": self.expires_at.isoformat(),
        }


def create_api_token(
    session: DbConnection, principal: Principal, name: str, scopes: Collection[Capability], days: int
) -> tuple[ApiTokenRow, str]:
    """A new token of the user, and its text, which is told this once.

    Raises Problem for a scope that the user does not have, and for a token that would last too long.
    """
    if not 1 <= len(name.strip()) <= _NAME_MAX:
        raise Problem(
            Code.INVALID_ARGUMENT, f"a token has a name of 1 to {_NAME_MAX} characters", "input.name"
        )
    if not 1 <= days <= DAYS_MAX:
        raise Problem(Code.INVALID_ARGUMENT, f"a token lasts 1 to {DAYS_MAX} days", "input.days")
    beyond = sorted(set(scopes) - principal.capabilities)
    if beyond or not scopes:
        told = f"you may not {', '.join(beyond)} yourself" if beyond else "a token needs at least one scope"
        raise Problem(Code.INVALID_ARGUMENT, told, "input.scopes")
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
    """End a token: the user's own, or anybody's with None. Raises Problem when there is none."""
    try:
        named = UUID(api_token_id)
    except ValueError:
        named = UUID(int=0)
    asked = {"api_token_id": named, "user_id": user_id}
    with session.cursor(row_factory=class_row(ApiTokenRow)) as cursor:
        row = cursor.execute(read_query("access/api_tokens.revoke_api_token").encode(), asked).fetchone()
    if row is None:
        raise Problem(Code.NOT_FOUND, "there is no such API token", "input.apiTokenId")
    return row
