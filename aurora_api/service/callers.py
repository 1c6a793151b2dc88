"""Who is asking: the token of a request, the user it names as the database has them, and how often they ask.

A request without a token is let in as nobody, who may ask for what is PUBLIC.
"""

from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from aurora_api.access.oidc import Oidc
from aurora_api.access.passwords import Passwords
from aurora_api.access.principal import Principal
from aurora_api.access.sessions import Sessions
from aurora_api.context.reader import Reader
from aurora_api.problems import Code, Problem
from aurora_api.service.authenticator import Bearers
from aurora_api.service.settings import ApiSettings
from aurora_resources.warehouse.connection import Warehouse

_NO_ADDRESS: Final = "(unknown)"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, from where, and the headers of the answer; with `refusal`, nothing else is answered."""

    address: str
    principal: Principal | None = None
    headers: dict[str, str] = field(default_factory=dict)
    refusal: Problem | None = None
    status: int = 200


class Callers:
    """Lets the callers of one service in."""

    def __init__(self, warehouse: Warehouse, settings: ApiSettings) -> None:
        self.limits: Final = settings.limits
        self.sessions: Final = Sessions(warehouse, settings.keys, Passwords())
        self._bearers = Bearers(warehouse, settings.keys, Oidc(settings.oidc) if settings.oidc else None)

    async def admit(self, reader: Reader, request: Request) -> Caller:
        """Who asks; the reader's transaction is theirs from here on."""
        address = request.client.host if request.client else _NO_ADDRESS
        try:
            identity = await self._bearers.identify(reader, request.headers.get("authorization"))
            if identity is None:
                return Caller(address)
            principal = await reader.authenticate(identity)
            allowance = await self.limits.count_request(principal.user_id)
        except Problem as problem:
            # Something of ours that is not there just now is no fault of the token.
            status = 503 if problem.code is Code.UNAVAILABLE else 401
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if status == 401 else {}  # noqa: PLR2004
            return Caller(address, headers=headers, refusal=problem, status=status)
        if not allowance.allowed:
            told = f"more than {allowance.limit} requests an hour; wait {allowance.resets_seconds} seconds"
            too_many = Problem(Code.RATE_LIMITED, told)
            return Caller(address, principal, allowance.headers, too_many, 429)
        return Caller(address, principal, allowance.headers)
