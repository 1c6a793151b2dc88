"""Users for administrators, the caller, and the caller's API tokens."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import strawberry

from aurora_api.access.api_tokens import ApiTokenRow
from aurora_api.access.principal import Capability, Principal, UserRole
from aurora_api.access.users import UserRow
from aurora_api.context.request import Info
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_resources.warehouse.connection import AUTH_ROLE

_USERS: Final = Keyset("users", {"username": str})


@strawberry.type(description="The caller.", directives=requires(Capability.SIGNED_IN))
class Me:
    """The caller."""

    username: str
    display_name: str
    role: UserRole
    capabilities: list[Capability] = strawberry.field(description="The capabilities of this token.")
    chain_ids: list[str] | None = strawberry.field(description="The only visible chains; null for all.")
    validator_keys: list[str] | None = strawberry.field(
        description="The only validators visible; null for all, to a partner: for none but in its lines."
    )
    is_api_token: bool


@strawberry.type(description="A user.", directives=requires(Capability.MANAGE_USERS))
class User(Node):
    """A user, without anything secret."""

    username: str
    display_name: str
    role: UserRole
    partner_code: str | None = strawberry.field(description="The partner of a user with the role PARTNER.")
    chain_ids: list[str] | None = strawberry.field(description="The only chains they see; null for all.")
    validator_keys: list[str] | None = strawberry.field(
        description="The only validators they see; null: all, for a partner none."
    )
    oidc_issuer: str | None
    oidc_subject: str | None
    has_password: bool
    active: bool
    expires_at: datetime | None = strawberry.field(description="UTC; required for auditors.")
    created_at: datetime
    version: int = strawberry.field(description="The value for expectedVersion in a change.")


@strawberry.type(
    description="An API token for programs. Its secret text is shown only at creation.",
    directives=requires(Capability.SIGNED_IN),
)
class ApiToken:
    """An API token."""

    id: strawberry.ID
    name: str
    scopes: list[str] = strawberry.field(description="Its capabilities, a subset of its user's.")
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = strawberry.field(description="Accurate to a few minutes.")
    revoked_at: datetime | None


Roles = Annotated[list[UserRole] | None, strawberry.argument(description="Only these; null for all.")]


async def resolve_me(info: Info) -> Me:
    """The caller."""
    return me_of(info.context.caller)


async def resolve_users(
    info: Info,
    roles: Roles = None,
    active: bool | None = None,  # noqa: FBT001 - an argument of the schema
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[User]:
    """Users, by username."""
    filters = {"roles": None if roles is None else [role.value for role in roles], "active": active}
    page = _USERS.page(first, after, filters)
    rows = await info.context.reader.rows_as(
        AUTH_ROLE, "access/users.user_page", UserRow, **filters, **page.parameters
    )
    return page.connection(rows, user_of)


async def resolve_api_tokens(info: Info) -> list[ApiToken]:
    """The caller's own API tokens, the newest first."""
    rows = await info.context.reader.rows_as(
        AUTH_ROLE, "access/api_tokens.api_tokens_of_user", ApiTokenRow, user_id=info.context.caller.user_id
    )
    return [api_token_of(row) for row in rows]


async def find_user_node(info: Info, username: str) -> User | None:
    """The user behind a global id."""
    rows = await info.context.reader.rows_as(
        AUTH_ROLE, "access/users.user_of_name", UserRow, username=username
    )
    return user_of(rows[0]) if rows else None


def me_of(principal: Principal) -> Me:
    """The caller as the schema shows them."""
    return Me(
        username=principal.username,
        display_name=principal.display_name,
        role=principal.role,
        capabilities=sorted(principal.capabilities),
        chain_ids=None if principal.chain_ids is None else list(principal.chain_ids),
        validator_keys=None if principal.validator_keys is None else list(principal.validator_keys),
        is_api_token=principal.scopes is not None,
    )


def user_of(row: UserRow) -> User:
    """A user as the schema shows them."""
    return User(
        id=node_id("User", row.username),
        username=row.username,
        display_name=row.display_name,
        role=UserRole(row.role),
        partner_code=row.partner_code,
        chain_ids=row.chain_ids or None,
        validator_keys=row.validator_keys or None,
        oidc_issuer=row.oidc_issuer,
        oidc_subject=row.oidc_subject,
        has_password=row.has_password,
        active=row.active,
        expires_at=row.expires_at,
        created_at=row.created_at,
        version=row.version,
    )


def api_token_of(row: ApiTokenRow) -> ApiToken:
    """An API token as the schema shows it."""
    return ApiToken(
        id=_text(row.api_token_id),
        name=row.name,
        scopes=row.scopes,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def _text(api_token_id: UUID) -> strawberry.ID:
    return strawberry.ID(str(api_token_id))


@strawberry.type
class UserQueries:
    """The queries of this module, as root fields."""

    api_tokens: list[ApiToken] | None = strawberry.field(
        resolver=resolve_api_tokens,
        description="The caller's API tokens, newest first.",
        directives=requires(Capability.SIGNED_IN),
    )
    me: Me | None = strawberry.field(
        resolver=resolve_me,
        description="The caller.",
        directives=requires(Capability.SIGNED_IN),
    )
    users: Connection[User] | None = strawberry.field(
        resolver=resolve_users,
        description="Users, ordered by username.",
        directives=requires(Capability.MANAGE_USERS),
    )
