"""The GraphQL schema: the root fields of all nouns, the limits and the check of permissions.

A noun declares its root fields in its module under `queries/` or `mutations/`. A query that fails is null
beside its error; the others are still answered. A mutation that is refused answers with a `Problem`.
`docs/schema.graphql` is this schema in SDL; a test keeps it current.
"""

import logging
from typing import Final

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types
from strawberry.types.base import get_object_definition
from strawberry.types.execution import ExecutionContext

from aurora_api.fast_lists.executor import FlatRows
from aurora_api.mutations.agreements import AgreementMutations
from aurora_api.mutations.overrides import OverrideMutations
from aurora_api.mutations.partners import PartnerMutations
from aurora_api.mutations.recomputes import RecomputeMutations
from aurora_api.mutations.sessions import SessionMutations
from aurora_api.mutations.statements import StatementMutations
from aurora_api.mutations.users import UserMutations
from aurora_api.mutations.validators import ValidatorMutations
from aurora_api.problems import Code, problem_of
from aurora_api.queries.agreements import AgreementQueries
from aurora_api.queries.audit_log import AuditLogQueries
from aurora_api.queries.canonical_facts import CanonicalFactsQueries
from aurora_api.queries.chains import ChainQueries
from aurora_api.queries.commission_lines import CommissionLineQueries
from aurora_api.queries.ingestion_health import IngestionHealthQueries
from aurora_api.queries.line_explanation import LineExplanationQueries
from aurora_api.queries.nodes import NodeQueries
from aurora_api.queries.overrides import OverrideQueries
from aurora_api.queries.partners import PartnerQueries
from aurora_api.queries.period_statements import PeriodStatementQueries
from aurora_api.queries.recomputes import RecomputeQueries
from aurora_api.queries.reconciliation import ReconciliationQueries
from aurora_api.queries.simulations import SimulationQueries
from aurora_api.queries.statements import StatementQueries
from aurora_api.queries.users import UserQueries
from aurora_api.queries.validators import ValidatorQueries
from aurora_api.schema import limits
from aurora_api.schema.permissions import PermissionCheck, fields_without_permission
from aurora_api.schema.scalars import SCALARS

logger = logging.getLogger("aurora_api")

QUERIES: Final = (
    AgreementQueries,
    AuditLogQueries,
    CanonicalFactsQueries,
    ChainQueries,
    CommissionLineQueries,
    IngestionHealthQueries,
    LineExplanationQueries,
    NodeQueries,
    OverrideQueries,
    PartnerQueries,
    PeriodStatementQueries,
    RecomputeQueries,
    ReconciliationQueries,
    SimulationQueries,
    StatementQueries,
    UserQueries,
    ValidatorQueries,
)
MUTATIONS: Final = (
    AgreementMutations,
    OverrideMutations,
    PartnerMutations,
    RecomputeMutations,
    SessionMutations,
    StatementMutations,
    UserMutations,
    ValidatorMutations,
)


class AuroraSchema(strawberry.Schema):
    """The schema; it logs internal errors, and only those."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log the errors whose details are not reported to callers."""
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


def _root(name: str, description: str, nouns: tuple[type, ...]) -> type:
    """A root type with the fields of these nouns, by name."""
    root = merge_types(name, nouns)
    definition = get_object_definition(root, strict=True)
    definition.description = description
    definition.fields.sort(key=lambda field: field.python_name)
    return root


def _served(built: AuroraSchema) -> AuroraSchema:
    """The schema, if each of its fields has a permission. Raises RuntimeError."""
    if open_fields := fields_without_permission(built._schema):
        raise RuntimeError(
            f"no permission for {', '.join(open_fields)}: declare directives=requires(...) on them"
        )
    return built


_built: Final = AuroraSchema(
    query=_root("Query", "The queries.", QUERIES),
    mutation=_root(
        "Mutation", "The mutations. Each is one transaction, including its row in the audit log.", MUTATIONS
    ),
    config=StrawberryConfig(scalar_map=SCALARS),
    execution_context_class=FlatRows,
    extensions=[
        limits.limit_tokens,
        limits.limit_shape,
        limits.ClosedIntrospection,
        limits.DocumentLimit,
        limits.NamedOperation,
        limits.QueryTimeout,
        limits.CostLimit,
        PermissionCheck,
        limits.cache_parsed,
        limits.cache_validated,
    ],
)

schema: Final = _served(_built)
