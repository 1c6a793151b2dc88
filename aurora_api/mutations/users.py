"""Users, as an administrator creates, changes and disables them. The rules are in `access/users.py`."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, TypeAlias, TypeVar

import strawberry

from aurora_api.access.principal import Capability, Principal, UserRole
from aurora_api.access.users import (
    UserRow,
    UserTerms,
    create_user,
    find_user_named,
    set_password,
    sign_out,
    update_user,
)
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, run_audited
from aurora_api.queries.users import User, user_of
from aurora_api.schema.permissions import requires
from aurora_resources.warehouse.connection import AUTH_ROLE, DbConnection

UserResult: TypeAlias = Annotated[User | MutationProblem, strawberry.union("UserResult")]

A = TypeVar("A")


@strawberry.input(description="A user to be. Without a password they come through the external issuer.")
class CreateUserInput:
    """A new user."""

    username: str = strawberry.field(description="Lower case; it never changes.")
    display_name: str
    role: UserRole
    password: str | None = strawberry.field(default=None, description="At least 12 characters.")
    partner_code: str | None = strawberry.field(default=None, description="Only for the role PARTNER.")
    chain_ids: list[str] | None = strawberry.field(default=None, description="The only chains they see.")
    validator_keys: list[str] | None = strawberry.field(
        default=None, description="The only validators they see; a partner without them sees none."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Required for AUDITOR.")
    oidc_issuer: str | None = None
    oidc_subject: str | None = None


@strawberry.input(description="A change of a user; omitted fields keep their values.")
class UpdateUserInput:
    """A change of a user."""

    username: str
    expected_version: int = strawberry.field(description="The version that the change is based on.")
    reason: str | None = None
    display_name: str | None = strawberry.UNSET
    role: UserRole | None = strawberry.UNSET
    partner_code: str | None = strawberry.UNSET
    chain_ids: list[str] | None = strawberry.UNSET
    validator_keys: list[str] | None = strawberry.UNSET
    expires_at: datetime | None = strawberry.UNSET
    oidc_issuer: str | None = strawberry.UNSET
    oidc_subject: str | None = strawberry.UNSET


@strawberry.input(description="The user to disable or to enable.")
class UserActivityInput:
    """The user and the reason."""

    username: str
    expected_version: int
    reason: str


@strawberry.input(description="A new password for a user; all their sessions end.")
class SetPasswordInput:
    """The user and the new password."""

    username: str
    password: str


@strawberry.input(description="A user whose sessions end at once.")
class SignOutUserInput:
    """The user and the reason."""

    username: str
    reason: str


async def resolve_create_user(info: Info, input: CreateUserInput) -> UserResult:  # noqa: A002 - GraphQL's word
    """Add a user."""
    passwords = info.context.sessions.passwords
    terms = UserTerms(
        display_name=input.display_name,
        role=input.role,
        partner_code=input.partner_code,
        chain_ids=_tuple(input.chain_ids),
        validator_keys=_tuple(input.validator_keys),
        expires_at=input.expires_at,
        oidc_issuer=input.oidc_issuer,
        oidc_subject=input.oidc_subject,
    )

    def work(session: DbConnection, _: Principal) -> AuditedChange[User]:
        password_hash = None if input.password is None else passwords.hash(input.password)
        return _user_change(None, create_user(session, input.username, terms, password_hash))

    return await run_audited(info, "createUser", work, as_role=AUTH_ROLE)


async def resolve_update_user(info: Info, input: UpdateUserInput) -> UserResult:  # noqa: A002
    """Change a user."""

    def changed(terms: UserTerms) -> UserTerms:
        return replace(
            terms,
            display_name=_set(input.display_name, terms.display_name) or "",
            role=_set(input.role, terms.role) or terms.role,
            partner_code=_set(input.partner_code, terms.partner_code),
            chain_ids=_tuple(_set(input.chain_ids, terms.chain_ids)),
            validator_keys=_tuple(_set(input.validator_keys, terms.validator_keys)),
            expires_at=_set(input.expires_at, terms.expires_at),
            oidc_issuer=_set(input.oidc_issuer, terms.oidc_issuer),
            oidc_subject=_set(input.oidc_subject, terms.oidc_subject),
        )

    return await _change(info, "updateUser", input.username, input.expected_version, input.reason, changed)


async def resolve_disable_user(info: Info, input: UserActivityInput) -> UserResult:  # noqa: A002
    """Disable a user; sessions and API tokens end immediately."""
    return await _change(
        info,
        "disableUser",
        input.username,
        input.expected_version,
        input.reason,
        lambda terms: replace(terms, active=False),
    )


async def resolve_enable_user(info: Info, input: UserActivityInput) -> UserResult:  # noqa: A002
    """Enable a user, who must sign in again."""
    return await _change(
        info,
        "enableUser",
        input.username,
        input.expected_version,
        input.reason,
        lambda terms: replace(terms, active=True),
    )


async def resolve_set_password(info: Info, input: SetPasswordInput) -> UserResult:  # noqa: A002
    """Set a user's password."""
    passwords = info.context.sessions.passwords

    def work(session: DbConnection, _: Principal) -> AuditedChange[User]:
        before = find_user_named(session, input.username)
        set_password(session, before.user_id, passwords.hash(input.password))
        return _user_change(before, find_user_named(session, input.username))

    return await run_audited(info, "setPassword", work, as_role=AUTH_ROLE)


async def resolve_sign_out_user(info: Info, input: SignOutUserInput) -> UserResult:  # noqa: A002
    """End all sessions and API tokens of a user, who may sign in again."""

    def work(session: DbConnection, _: Principal) -> AuditedChange[User]:
        user = find_user_named(session, input.username)
        sign_out(session, user.user_id, input.reason, tokens=True)
        return _user_change(user, user)

    return await run_audited(info, "signOutUser", work, reason=input.reason, as_role=AUTH_ROLE)


async def _change(
    info: Info,
    action: str,
    username: str,
    expected_version: int,
    reason: str | None,
    changed: Callable[[UserTerms], UserTerms],
) -> User | MutationProblem:
    def work(session: DbConnection, _: Principal) -> AuditedChange[User]:
        before = find_user_named(session, username)
        return _user_change(before, update_user(session, before, expected_version, changed(before.terms)))

    return await run_audited(info, action, work, reason=reason, as_role=AUTH_ROLE)


def _user_change(before: UserRow | None, after: UserRow) -> AuditedChange[User]:
    return AuditedChange(
        user_of(after),
        "User",
        after.username,
        before=None if before is None else before.audited,
        after=after.audited,
        partner_id=after.partner_id,
    )


def _set(given: A, before: A) -> A:
    return before if given is strawberry.UNSET else given


def _tuple(listed: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if listed is None else tuple(listed)


@strawberry.type
class UserMutations:
    """The mutations of this module, as root fields."""

    create_user: UserResult | None = strawberry.mutation(
        resolver=resolve_create_user,
        description="Add a user.",
        directives=requires(Capability.MANAGE_USERS),
    )
    disable_user: UserResult | None = strawberry.mutation(
        resolver=resolve_disable_user,
        description="Disable a user; sessions and API tokens end immediately.",
        directives=requires(Capability.MANAGE_USERS),
    )
    enable_user: UserResult | None = strawberry.mutation(
        resolver=resolve_enable_user,
        description="Enable a disabled user, who must sign in again.",
        directives=requires(Capability.MANAGE_USERS),
    )
    set_password: UserResult | None = strawberry.mutation(
        resolver=resolve_set_password,
        description="Set a user's password; their sessions end.",
        directives=requires(Capability.MANAGE_USERS),
    )
    sign_out_user: UserResult | None = strawberry.mutation(
        resolver=resolve_sign_out_user,
        description="Revoke a user's sessions and API tokens, with immediate effect.",
        directives=requires(Capability.MANAGE_USERS),
    )
    update_user: UserResult | None = strawberry.mutation(
        resolver=resolve_update_user,
        description="Change a user; omitted fields keep their values.",
        directives=requires(Capability.MANAGE_USERS),
    )
