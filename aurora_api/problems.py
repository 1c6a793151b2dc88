"""What can go wrong for a caller: one list of codes, and which exception is reported under which code.

A problem that the caller can correct says what to do. Any other error is reported without its details: those
are in the log, under the correlation id of the response. `service/endpoint.py` formats GraphQL errors.
"""

from enum import StrEnum
from typing import Final

import psycopg
from psycopg_pool import PoolTimeout

from aurora_assets.agreements.lifecycle import AlreadyExistsError, NotFoundError, StaleVersionError
from aurora_assets.commission.overrides import OverrideError
from aurora_assets.commission.statement import StatementError
from aurora_resources.errors import (
    AgreementError,
    AuroraError,
    PeriodError,
    RevenueGuardError,
    WarehouseError,
)
from aurora_resources.warehouse.registry import RegistrationError


class Code(StrEnum):
    """`extensions.code` of an error, and `code` of a mutation's problem."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105 - a code
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105
    SESSION_REVOKED = "SESSION_REVOKED"
    SESSION_EXPIRED = "SESSION_EXPIRED"
    USER_DISABLED = "USER_DISABLED"
    USER_EXPIRED = "USER_EXPIRED"
    CREDENTIALS_INVALID = "CREDENTIALS_INVALID"
    REFRESH_REUSED = "REFRESH_REUSED"
    FORBIDDEN = "FORBIDDEN"
    RATE_LIMITED = "RATE_LIMITED"
    BAD_REQUEST = "BAD_REQUEST"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    INVALID_CURSOR = "INVALID_CURSOR"
    NOT_FOUND = "NOT_FOUND"
    ALREADY_EXISTS = "ALREADY_EXISTS"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    AGREEMENT_REFUSED = "AGREEMENT_REFUSED"
    OVERRIDE_REFUSED = "OVERRIDE_REFUSED"
    PERIOD_REFUSED = "PERIOD_REFUSED"
    REVENUE_EXCEEDED = "REVENUE_EXCEEDED"
    STATEMENT_REFUSED = "STATEMENT_REFUSED"
    VALIDATOR_REFUSED = "VALIDATOR_REFUSED"
    UNAVAILABLE = "UNAVAILABLE"
    TIMEOUT = "TIMEOUT"
    INTERNAL = "INTERNAL"


class Problem(Exception):  # noqa: N818 - reported to the caller, not always an error
    """An error reported to the caller as it is: a code, and a message that says what to do.

    `field` is the part of a mutation's input that caused it, such as `input.name`, or None.
    """

    def __init__(self, code: Code, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


# Rules that a caller can break. Other errors of Aurora (the warehouse's, a provider's) are not theirs.
_RULES: Final[tuple[tuple[type[AuroraError], Code], ...]] = (
    (NotFoundError, Code.NOT_FOUND),
    (AlreadyExistsError, Code.ALREADY_EXISTS),
    (StaleVersionError, Code.VERSION_CONFLICT),
    (AgreementError, Code.AGREEMENT_REFUSED),
    (OverrideError, Code.OVERRIDE_REFUSED),
    (PeriodError, Code.PERIOD_REFUSED),
    (RevenueGuardError, Code.REVENUE_EXCEEDED),
    (RegistrationError, Code.VALIDATOR_REFUSED),
    (StatementError, Code.STATEMENT_REFUSED),
)
# Errors that the caller cannot correct: their types, and the code and message they are reported with.
_INSIDE: Final[tuple[tuple[tuple[type[Exception], ...], Code, str], ...]] = (
    (
        (psycopg.errors.QueryCanceled, TimeoutError),
        Code.TIMEOUT,
        "the warehouse took too long; ask for fewer periods or a smaller page",
    ),
    (
        (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError, WarehouseError),
        Code.UNAVAILABLE,
        "the warehouse cannot be reached just now; try again shortly",
    ),
    (
        (psycopg.errors.InFailedSqlTransaction,),
        Code.UNAVAILABLE,
        "another part of this request failed first; mend or leave out that part, and ask again",
    ),
)
UNKNOWN: Final = "something went wrong inside Aurora; its log tells what, under this correlation id"


def refusal_of(error: Exception | None) -> Problem | None:
    """The problem to report for a Problem or a broken rule; None for an error that callers cannot correct."""
    if isinstance(error, Problem):
        return error
    for kind, code in _RULES:
        if isinstance(error, kind):
            return Problem(code, str(error), getattr(error, "field", None))
    return None


def problem_of(error: Exception | None) -> Problem:
    """The problem to report for any error raised while a request was answered."""
    refusal = refusal_of(error)
    if refusal is not None:
        return refusal
    for kinds, code, message in _INSIDE:
        if isinstance(error, kinds):
            return Problem(code, message)
    return Problem(Code.INTERNAL, UNKNOWN)
