"""How errors look in a GraphQL response: `errors` with message, path, code and correlation id."""

from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from aurora_api.problems import UNKNOWN, Code, Problem, problem_of


def is_refusal(error: GraphQLError) -> bool:
    """Whether the request itself was refused (syntax, validation, Problem), so that nothing was executed."""
    return not error.path and (error.original_error is None or isinstance(error.original_error, Problem))


def present(error: GraphQLError, correlation_id: str) -> dict[str, Any]:
    """The error as an entry of the response's `errors`: message, locations, path, code, correlation id."""
    shown = dict(error.formatted)
    if isinstance(error, GraphQLSyntaxError):
        code = Code.GRAPHQL_PARSE_FAILED
    elif error.original_error is None:
        # Without a path it is about the request; with one, graphql-core rejected a resolved value.
        code = Code.INTERNAL if error.path else Code.GRAPHQL_VALIDATION_FAILED
        shown["message"] = UNKNOWN if error.path else error.message
    else:
        problem = problem_of(error.original_error)
        code, shown["message"] = problem.code, str(problem)
    return shown | {"extensions": _extensions(code, correlation_id)}


def present_problem(problem: Problem, correlation_id: str) -> dict[str, Any]:
    """The body of a response that holds this problem only, in GraphQL's form."""
    return {"errors": [{"message": str(problem), "extensions": _extensions(problem.code, correlation_id)}]}


def _extensions(code: Code, correlation_id: str) -> dict[str, str]:
    return {"code": code.value, "correlationId": correlation_id}
