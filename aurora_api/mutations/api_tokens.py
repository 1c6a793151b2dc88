"""API tokens: a person makes them for programs, and ends them. What they are is in `access/api_tokens.py`."""

from typing import Annotated, TypeAlias

import strawberry

from aurora_api.access.api_tokens import create_api_token, revoke_api_token
from aurora_api.access.principal import Capability, Principal
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, run_audited
from aurora_api.problems import Code, Problem
from aurora_api.queries.users import ApiToken, api_token_of
from aurora_resources.warehouse.connection import AUTH_ROLE, DbConnection


@strawberry.type(description="A new API token, with its text.")
class NewApiToken:
    """An API token, the only time its text is told."""

    api_token: ApiToken
    token: str = strawberry.field(description="Told this once. Send it as Authorization: Bearer <token>.")


NewApiTokenResult: TypeAlias = Annotated[NewApiToken | MutationProblem, strawberry.union("NewApiTokenResult")]
ApiTokenResult: TypeAlias = Annotated[ApiToken | MutationProblem, strawberry.union("ApiTokenResult")]


@strawberry.input(description="An API token to be.")
class CreateApiTokenInput:
    """What the token is for, may do, and how long it lasts."""

    name: str
    scopes: list[Capability] = strawberry.field(description="Some of what you may do yourself.")
    days: int = strawberry.field(default=90, description="How long it lasts, 1 to 366.")


@strawberry.input(description="An API token of your own; an administrator may name anybody's.")
class RevokeApiTokenInput:
    """Which token."""

    api_token_id: strawberry.ID


async def resolve_create_api_token(info: Info, input: CreateApiTokenInput) -> NewApiTokenResult:  # noqa: A002
    """Make an API token of the caller's."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[NewApiToken]:
        if principal.scopes is not None:
            raise Problem(Code.FORBIDDEN, "an API token makes no tokens; sign in as a person")
        row, token = create_api_token(session, principal, input.name, input.scopes, input.days)
        made = NewApiToken(api_token=api_token_of(row), token=token)
        return AuditedChange(made, "ApiToken", str(row.api_token_id), after=row.audited)

    return await run_audited(info, "createApiToken", work, as_role=AUTH_ROLE)


async def resolve_revoke_api_token(info: Info, input: RevokeApiTokenInput) -> ApiTokenResult:  # noqa: A002
    """End an API token, at once."""

    def work(session: DbConnection, principal: Principal) -> AuditedChange[ApiToken]:
        anybodys = Capability.MANAGE_USERS in principal.capabilities
        row = revoke_api_token(session, input.api_token_id, None if anybodys else principal.user_id)
        return AuditedChange(api_token_of(row), "ApiToken", str(row.api_token_id), after=row.audited)

    return await run_audited(info, "revokeApiToken", work, as_role=AUTH_ROLE)
