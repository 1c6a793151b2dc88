"""The errors an answer may carry, each with a code that programs can tell apart, and how they are presented.

A problem the caller can mend says what and how. Whatever else goes wrong is told without its insides: the
log has them, under the correlation id that the answer carries too.
"""

from enum import StrEnum
from typing import Any, Final

import psycopg
from graphql import GraphQLError, GraphQLSyntaxError
from psycopg_pool import PoolTimeout

from aurora_assets.agreements.refusals import AlreadyExistsError, NotFoundError, StaleVersionError
from aurora_assets.commission.overrides import OverrideError
from aurora_assets.commission.statement import StatementError
from aurora_resources.errors import (
    AgreementError,
    AuroraError,
    PeriodError,
    RevenueGuardError,
    WarehouseError,
)
from aurora_resources.warehouse.declared import RegistrationError


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


class Problem(Exception):  # noqa: N818 - what the caller is told, not always a fault
    """Something the caller is told as it stands: a code and a message that says what to do.

    `field` is the part of a mutation's input that it is about, such as `input.name`, if it is about one.
    """

    def __init__(self, code: Code, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


# The rules that a caller can break. Other errors of Aurora (the warehouse's, a provider's) are not theirs.
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
# What the caller cannot mend: the kinds of error, what they are told as.
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
_UNKNOWN: Final = "something went wrong inside Aurora; its log tells what, under this correlation id"


def refusal_of(error: Exception | None) -> Problem | None:
    """What the caller is told of an error they can mend: a Problem or a broken rule; None for others."""
    if isinstance(error, Problem):
        return error
    for kind, code in _RULES:
        if isinstance(error, kind):
            return Problem(code, str(error), getattr(error, "field", None))
    return None


def problem_of(error: Exception | None) -> Problem:
    """What the caller is told of an error raised while answering."""
    refusal = refusal_of(error)
    if refusal is not None:
        return refusal
    for kinds, code, message in _INSIDE:
        if isinstance(error, kinds):
            return Problem(code, message)
    return Problem(Code.INTERNAL, _UNKNOWN)


def is_refusal(error: GraphQLError) -> bool:
    """Whether the request as such was refused (not understood, not valid), so that nothing was executed."""
    return not error.path and (error.original_error is None or isinstance(error.original_error, Problem))


def present(error: GraphQLError, correlation_id: str) -> dict[str, Any]:
    """The error as the answer carries it: message, place in the query and in the answer, code."""
    shown = dict(error.formatted)
    if isinstance(error, GraphQLSyntaxError):
        code = Code.GRAPHQL_PARSE_FAILED
    elif error.original_error is None:
        # Without a path it is about the request; with one, the GraphQL library refused a value of ours.
        code = Code.INTERNAL if error.path else Code.GRAPHQL_VALIDATION_FAILED
        shown["message"] = _UNKNOWN if error.path else error.message
    else:
        told = problem_of(error.original_error)
        code, shown["message"] = told.code, str(told)
    return shown | {"extensions": _extensions(code, correlation_id)}


def present_problem(problem: Problem, correlation_id: str) -> dict[str, Any]:
    """The body of an answer that is nothing but this problem, in GraphQL's shape."""
    return {"errors": [{"message": str(problem), "extensions": _extensions(problem.code, correlation_id)}]}


def _extensions(code: Code, correlation_id: str) -> dict[str, str]:
    return {"code": code.value, "correlationId": correlation_id}
