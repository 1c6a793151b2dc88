"""The GraphQL schema put together: both roots, the limits, the permissions. The roots are beside this.

`docs/schema.graphql` is this schema in GraphQL's own language; a test keeps it current.
"""

import logging
from typing import Final

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types.execution import ExecutionContext

from aurora_api.fast_lists.executor import FlatRows
from aurora_api.problems import Code, problem_of
from aurora_api.schema import limits
from aurora_api.schema.limits import CostLimit
from aurora_api.schema.permissions import PermissionCheck, fields_without_permission
from aurora_api.schema.scalars import SCALARS
from aurora_api.service.mutation_root import Mutation
from aurora_api.service.query_root import Query

logger = logging.getLogger("aurora_api")


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


def _served(built: AuroraSchema) -> AuroraSchema:
    """The schema, if each of its fields says who may ask for it. Raises RuntimeError."""
    if open_fields := fields_without_permission(built._schema):
        raise RuntimeError(
            f"no permission for {', '.join(open_fields)}: say what they need in schema/permissions.py"
        )
    return built


_built: Final = AuroraSchema(
    query=Query,
    mutation=Mutation,
    config=StrawberryConfig(scalar_map=SCALARS),
    execution_context_class=FlatRows,
    extensions=[
        limits.limit_tokens,
        limits.limit_shape,
        limits.ClosedIntrospection,
        limits.DocumentLimit,
        limits.NamedOperation,
        limits.QueryTimeout,
        CostLimit,
        PermissionCheck,
        limits.cache_parsed,
        limits.cache_validated,
    ],
)

schema: Final = _served(_built)
