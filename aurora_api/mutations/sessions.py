"""Sessions and tokens: `login`, `refresh`, `logout`, the caller's own password, and API tokens for programs.

Tokens and their lifetimes are in `access/`.
"""

from datetime import datetime
from typing import Annotated, TypeAlias

import anyio.to_thread
import strawberry
from anyio import CapacityLimiter

from aurora_api.access.api_tokens import create_api_token, revoke_api_token
from aurora_api.access.principal import Capability, Principal
from aurora_api.access.sessions import RequestMeta, SignedIn, end_session, family_of
from aurora_api.access.users import find_user, password_hash_of, set_password
from aurora_api.context.request import Context, Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, run_audited
from aurora_api.problems import Code, Problem
from aurora_api.queries.users import ApiToken, api_token_of
from aurora_api.schema.permissions import requires
from aurora_resources.warehouse.connection import AUTH_ROLE, DbConnection

# A check of a password takes 64 MiB: many at once must not take the service's memory.
_checks = CapacityLimiter(2)


@strawberry.type(
    description="A session's tokens. They are shown only once: store them like a password.",
    directives=requires(Capability.PUBLIC),
)
class Session:
    """A pair of tokens."""

    access_token: str = strawberry.field(description="Send it as Authorization: Bearer <accessToken>.")
    expires_in_seconds: int = strawberry.field(description="Lifetime of the access token.")
    refresh_token: str = strawberry.field(
        description="Valid for one refresh, which returns the next one. A second use ends the session."
    )
    session_ends_at: datetime = strawberry.field(description="UTC; refreshing does not extend it.")


@strawberry.type(description="The operation was performed.", directives=requires(Capability.SIGNED_IN))
class Done:
    """The answer of an operation without a result."""

    done: bool


SessionResult: TypeAlias = Annotated[Session | MutationProblem, strawberry.union("SessionResult")]
DoneResult: TypeAlias = Annotated[Done | MutationProblem, strawberry.union("DoneResult")]


@strawberry.input(description="The caller's credentials.")
class LoginInput:
    """A username and its password."""

    username: str
    password: str


@strawberry.input(description="The refresh token of your session.")
class RefreshInput:
    """A refresh token."""

    refresh_token: str


@strawberry.input(description="The current password and the new one.")
class ChangePasswordInput:
    """The current and the new password."""

    password: str
    new_password: str


async def resolve_login(info: Info, input: LoginInput) -> SessionResult:  # noqa: A002 - GraphQL's word
    """Begin a session."""
    context = info.context
    limited = await too_many_logins(context)
    if limited is not None:
        return limited
    sessions = context.sessions
    try:
        signed_in = await anyio.to_thread.run_sync(
            sessions.login, input.username, input.password, _request_meta(context), limiter=_checks
        )
    except Problem as problem:
        return MutationProblem.of(problem)
    return _session(signed_in)


async def resolve_refresh(info: Info, input: RefreshInput) -> SessionResult:  # noqa: A002
    """Exchange the refresh token for the next pair of tokens."""
    context = info.context
    try:
        signed_in = await anyio.to_thread.run_sync(
            context.sessions.refresh, input.refresh_token, _request_meta(context)
        )
    except Problem as problem:
        return MutationProblem.of(problem)
    return _session(signed_in)


async def resolve_logout(info: Info) -> DoneResult:
    """End the caller's session."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[Done]:
        family = family_of(principal.session_id)
        if family is None:
            raise Problem(Code.INVALID_ARGUMENT, "this token is no session; revokeApiToken ends an API token")
        end_session(session, family, "signed out")
        return AuditedChange(Done(done=True), "Session", str(family))

    return await run_audited(info, "logout", work, as_role=AUTH_ROLE)


async def resolve_change_password(info: Info, input: ChangePasswordInput) -> DoneResult:  # noqa: A002
    """Change one's own password; all other sessions end."""
    limited = await too_many_logins(info.context)
    if limited is not None:
        return limited
    passwords = info.context.sessions.passwords

    def work(session: DbConnection, principal: Principal) -> AuditedChange[Done]:
        family = family_of(principal.session_id)
        if family is None:
            raise Problem(Code.FORBIDDEN, "a password is changed by a person who signed in with it")
        user = find_user(session, principal.user_id)
        if not passwords.verify(password_hash_of(session, user.user_id), input.password):
            raise Problem(Code.CREDENTIALS_INVALID, "the password is wrong", "input.password")
        set_password(session, user.user_id, passwords.hash(input.new_password), but=family)
        return AuditedChange(Done(done=True), "User", user.username)

    return await run_audited(info, "changePassword", work, as_role=AUTH_ROLE)


async def too_many_logins(context: Context) -> MutationProblem | None:
    """Count a login attempt from the request's address; the refusal when there were too many."""
    allowance = await context.limits.count_login(context.client)
    context.reply.headers.update(allowance.headers)
    if allowance.allowed:
        return None
    context.reply.status = 429
    message = f"too many attempts from your address; try again in {allowance.resets_seconds} seconds"
    return MutationProblem(code=Code.RATE_LIMITED, message=message, field=None)


def _request_meta(context: Context) -> RequestMeta:
    return RequestMeta(context.correlation_id, context.request_digest)


def _session(signed_in: SignedIn) -> Session:
    return Session(
        access_token=signed_in.access_token,
        expires_in_seconds=signed_in.expires_in_seconds,
        refresh_token=signed_in.refresh_token,
        session_ends_at=signed_in.session_ends_at,
    )


@strawberry.type(
    description="A new API token, with its secret text.", directives=requires(Capability.SIGNED_IN)
)
class NewApiToken:
    """An API token, with its secret text, which is shown only here."""

    api_token: ApiToken
    token: str = strawberry.field(description="Shown only once. Send it as Authorization: Bearer <token>.")


NewApiTokenResult: TypeAlias = Annotated[NewApiToken | MutationProblem, strawberry.union("NewApiTokenResult")]
ApiTokenResult: TypeAlias = Annotated[ApiToken | MutationProblem, strawberry.union("ApiTokenResult")]


@strawberry.input(description="A new API token.")
class CreateApiTokenInput:
    """Name, capabilities and validity of the token."""

    name: str
    scopes: list[Capability] = strawberry.field(description="A subset of the caller's own capabilities.")
    days: int = strawberry.field(default=90, description="Days of validity, 1 to 366.")


@strawberry.input(description="One of the caller's API tokens; an administrator may name any user's.")
class RevokeApiTokenInput:
    """The token to revoke."""

    api_token_id: strawberry.ID


async def resolve_create_api_token(info: Info, input: CreateApiTokenInput) -> NewApiTokenResult:  # noqa: A002
    """Create an API token of the caller."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[NewApiToken]:
        if principal.scopes is not None:
            raise Problem(Code.FORBIDDEN, "an API token makes no tokens; sign in as a person")
        row, token = create_api_token(session, principal, input.name, input.scopes, input.days)
        made = NewApiToken(api_token=api_token_of(row), token=token)
        return AuditedChange(made, "ApiToken", str(row.api_token_id), after=row.audited)

    return await run_audited(info, "createApiToken", work, as_role=AUTH_ROLE)


async def resolve_revoke_api_token(info: Info, input: RevokeApiTokenInput) -> ApiTokenResult:  # noqa: A002
    """Revoke an API token, with immediate effect."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[ApiToken]:
        anybodys = Capability.MANAGE_USERS in principal.capabilities
        row = revoke_api_token(session, input.api_token_id, None if anybodys else principal.user_id)
        return AuditedChange(api_token_of(row), "ApiToken", str(row.api_token_id), after=row.audited)

    return await run_audited(info, "revokeApiToken", work, as_role=AUTH_ROLE)


@strawberry.type
class SessionMutations:
    """The mutations of this module, as root fields."""

    change_password: DoneResult | None = strawberry.mutation(
        resolver=resolve_change_password,
        description="Change your own password; your other sessions end.",
        directives=requires(Capability.SIGNED_IN),
    )
    create_api_token: NewApiTokenResult | None = strawberry.mutation(
        resolver=resolve_create_api_token,
        description="Create an API token for a program.",
        directives=requires(Capability.SIGNED_IN),
    )
    login: SessionResult | None = strawberry.mutation(
        resolver=resolve_login,
        description="Sign in. At most ten attempts a minute are accepted from one address.",
        directives=requires(Capability.PUBLIC),
    )
    logout: DoneResult | None = strawberry.mutation(
        resolver=resolve_logout,
        description="End the caller's session, with immediate effect.",
        directives=requires(Capability.SIGNED_IN),
    )
    refresh: SessionResult | None = strawberry.mutation(
        resolver=resolve_refresh,
        description="Exchange a refresh token for the next pair of tokens.",
        directives=requires(Capability.PUBLIC),
    )
    revoke_api_token: ApiTokenResult | None = strawberry.mutation(
        resolver=resolve_revoke_api_token,
        description="Revoke an API token, with immediate effect.",
        directives=requires(Capability.SIGNED_IN),
    )
