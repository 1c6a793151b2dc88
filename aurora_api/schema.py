"""The GraphQL schema: which questions there are. Each noun's module has its types and its answer.

`docs/schema.graphql` is this schema in GraphQL's own language; a test keeps it current.
"""

import logging
from typing import Final

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext

from aurora_api import limits
from aurora_api.chains import Chain, resolve_chains
from aurora_api.commission_lines import CommissionLine, resolve_commission_lines
from aurora_api.errors import Code, problem_of
from aurora_api.pagination import Connection
from aurora_api.periods import Period, resolve_periods
from aurora_api.scalars import SCALARS
from aurora_api.statements import Statement, resolve_statement
from aurora_api.validator_pnl import ValidatorPnl, resolve_validator_pnl

logger = logging.getLogger("aurora_api")


@strawberry.type(description="What can be asked.")
class Query:
    """The questions. A question that fails is null beside its error; the others are still answered."""

    chains: list[Chain] | None = strawberry.field(
        resolver=resolve_chains, description="The chains whose books are kept."
    )
    periods: Connection[Period] | None = strawberry.field(
        resolver=resolve_periods, description="The periods of a chain, the newest first."
    )
    validator_pnl: Connection[ValidatorPnl] | None = strawberry.field(
        resolver=resolve_validator_pnl, description="What validators earned, by period and validator."
    )
    commission_lines: Connection[CommissionLine] | None = strawberry.field(
        resolver=resolve_commission_lines,
        description="What partners are owed, line by line: by period, partner, agreement, rule, validator.",
    )
    statement: Statement | None = strawberry.field(
        resolver=resolve_statement,
        description="A partner's statement for one period; null while there is none.",
    )


class AuroraSchema(strawberry.Schema):
    """The schema, which logs what went wrong inside, and only that."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log the errors that callers are not told the insides of."""
        context = execution_context.context if execution_context else None
        for error in errors:
            cause = error.original_error or (error if error.path else None)
            if cause is None or problem_of(cause).code not in {Code.INTERNAL, Code.UNAVAILABLE, Code.TIMEOUT}:
                continue
            logger.error(
                "request %s failed at %s",
                getattr(context, "correlation_id", "(unknown)"),
                "/".join(map(str, error.path or ())) or "(the request)",
                exc_info=cause,
            )


schema: Final = AuroraSchema(
    query=Query,
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[
        limits.limit_tokens,
        limits.limit_shape,
        limits.DocumentLimit,
        limits.cache_parsed,
        limits.cache_validated,
    ],
)
