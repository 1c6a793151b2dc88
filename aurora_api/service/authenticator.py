"""Authentication of requests: the bearer token, the user it names, and the rate limit of that user.

Three kinds of token are accepted: our access token (`access/token_keys.py`), an API token `aur_...`, found by
its digest, and a token of the external issuer (`access/oidc.py`), if one is configured. The database
decides whether the user is active. A request without a token has no principal and may read PUBLIC fields.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

import anyio.to_thread
from starlette.requests import Request

from aurora_api.access.api_tokens import API_TOKEN_PREFIX
from aurora_api.access.authenticate import Identity
from aurora_api.access.oidc import Oidc
from aurora_api.access.passwords import Passwords
from aurora_api.access.principal import Principal
from aurora_api.access.sessions import Sessions, auth_transaction, digest_of
from aurora_api.access.token_keys import TokenKeys
from aurora_api.context.reader import Reader
from aurora_api.problems import Code, Problem
from aurora_api.service.settings import ApiSettings
from aurora_resources.warehouse.connection import AUTH_ROLE, Warehouse
from aurora_resources.warehouse.queries import read_query

API_SESSION: Final = "token:"
OIDC_SESSION: Final = "oidc"
TOUCH_MINUTES: Final = 10
"""The shortest time between two updates of an API token's last use."""

_LONGEST: Final = 8192


class _ApiToken(NamedTuple):
    user_id: int
    api_token_id: UUID
    stale: bool


class _Subject(NamedTuple):
    user_id: int


class TokenAuthenticator:
    """Identifies the bearer of a token."""

    def __init__(self, warehouse: Warehouse, keys: TokenKeys, oidc: Oidc | None) -> None:
        self._warehouse = warehouse
        self._keys = keys
        self._oidc = oidc

    async def identify(self, reader: Reader, authorization: str | None) -> Identity | None:
        """The identity of the header's token; None without a header. Raises Problem for an invalid token."""
        if not authorization:
            return None
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > _LONGEST or not token.isascii():
            raise Problem(Code.TOKEN_INVALID, "send Authorization: Bearer <token>, with a token of login")
        if token.startswith(API_TOKEN_PREFIX):
            return await self._identify_api_token(reader, token)
        if self._oidc is not None and not self._keys.owns(token):
            return await self._identify_subject(reader, self._oidc, token)
        return self._keys.check(token)

    async def _identify_api_token(self, reader: Reader, token: str) -> Identity:
        rows = await reader.rows_as(
            AUTH_ROLE,
            "access/api_tokens.api_token_of_digest",
            _ApiToken,
            token_digest=digest_of(token),
            minutes=TOUCH_MINUTES,
        )
        if not rows:
            raise Problem(Code.TOKEN_INVALID, "the API token is not valid")
        (found,) = rows
        if found.stale:
            await anyio.to_thread.run_sync(self._touch, found.api_token_id)
        return Identity(found.user_id, f"{API_SESSION}{found.api_token_id}")

    async def _identify_subject(self, reader: Reader, oidc: Oidc, token: str) -> Identity:
        subject = await oidc.subject(token)
        rows = await reader.rows_as(
            AUTH_ROLE,
            "access/users.user_id_of_subject",
            _Subject,
            issuer=oidc.issuer,
            subject=subject,
        )
        if not rows:
            raise Problem(
                Code.TOKEN_INVALID, "no user has this external identity; an administrator can add it"
            )
        return Identity(rows[0].user_id, OIDC_SESSION)

    def _touch(self, api_token_id: UUID) -> None:
        with auth_transaction(self._warehouse) as session:
            session.execute(read_query("access/api_tokens.touch_api_token"), {"api_token_id": api_token_id})


_NO_ADDRESS: Final = "(unknown)"


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request, and headers of its response; with `refusal`, nothing else is answered."""

    address: str
    principal: Principal | None = None
    headers: dict[str, str] = field(default_factory=dict)
    refusal: Problem | None = None
    status: int = 200


class RequestAuthenticator:
    """Authenticates the requests of one service, and counts them for the rate limit."""

    def __init__(self, warehouse: Warehouse, settings: ApiSettings) -> None:
        self.limits: Final = settings.limits
        self.sessions: Final = Sessions(warehouse, settings.keys, Passwords())
        self._tokens = TokenAuthenticator(
            warehouse, settings.keys, Oidc(settings.oidc) if settings.oidc else None
        )

    async def authenticate(self, reader: Reader, request: Request) -> Caller:
        """The caller; from here on the reader's transaction has their rights."""
        address = request.client.host if request.client else _NO_ADDRESS
        try:
            identity = await self._tokens.identify(reader, request.headers.get("authorization"))
            if identity is None:
                return Caller(address)
            principal = await reader.authenticate(identity)
            allowance = await self.limits.count_request(principal.user_id)
        except Problem as problem:
            # A dependency that is unavailable does not make the token invalid.
            status = 503 if problem.code is Code.UNAVAILABLE else 401
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if status == 401 else {}  # noqa: PLR2004
            return Caller(address, headers=headers, refusal=problem, status=status)
        if not allowance.allowed:
            message = f"more than {allowance.limit} requests an hour; wait {allowance.resets_seconds} seconds"
            too_many = Problem(Code.RATE_LIMITED, message)
            return Caller(address, principal, allowance.headers, too_many, 429)
        return Caller(address, principal, allowance.headers)
