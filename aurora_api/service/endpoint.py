"""The GraphQL endpoint: a POST request with a JSON body, answered with one JSON object in every case.

The status is 400 for a malformed request, 401 for an invalid token, 403 for a missing permission and 429 over
the rate limit; the body is a GraphQL response in each case. A request holds one operation: a list of them
(batching) is refused, as is any body but JSON. `authenticator.py` authenticates requests.
"""

import hashlib
import logging
from typing import Any, Final

import msgspec
import psycopg
from graphql import GraphQLError, GraphQLSyntaxError
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from strawberry.exceptions import MissingQueryError
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from aurora_api.context.chains import Coins
from aurora_api.context.reader import Pool, Reader
from aurora_api.context.request import Context, Reply
from aurora_api.problems import UNKNOWN, Code, Problem, problem_of
from aurora_api.service.authenticator import Caller, RequestAuthenticator
from aurora_api.service.request_log import request_correlation_id
from aurora_api.service.schema import schema
from aurora_api.service.settings import ApiSettings
from aurora_resources.warehouse.connection import Warehouse

BODY_MAX_BYTES: Final = 1024 * 1024
HTTP_UNAUTHENTICATED: Final = 401
_STATUS: Final = {Code.UNAUTHENTICATED: HTTP_UNAUTHENTICATED, Code.FORBIDDEN: 403}

logger = logging.getLogger("aurora_api")


class _GraphQLRequest(msgspec.Struct, rename="camel"):
    """The body of a request. Other members, such as `extensions`, are ignored."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


class GraphQLEndpoint:
    """Answers the requests of one application, over its pool."""

    def __init__(self, pool: Pool, warehouse: Warehouse, settings: ApiSettings, *, ide: bool) -> None:
        """With `ide`, a browser gets GraphiQL and introspection is open; queries need a token as well."""
        self._pool = pool
        self._warehouse = warehouse
        self._authenticator = RequestAuthenticator(warehouse, settings)
        self._coins = Coins()
        self._ide = ide

    async def answer(self, request: Request) -> Response:
        """The response to one request."""
        if request.method == "GET":
            if self._ide and "text/html" in request.headers.get("accept", ""):
                return HTMLResponse(get_graphql_ide_html(graphql_ide="graphiql"))
            problem = Problem(Code.BAD_REQUEST, "send GraphQL requests with POST and a JSON body")
            return refuse(405, problem, {"Allow": "POST"})
        body = await _read(request)
        if isinstance(body, Response):
            return body
        reader = Reader(self._pool)
        try:
            caller = await self._authenticator.authenticate(reader, request)
            return await self._answer_caller(request, reader, caller, body)
        except (PoolTimeout, psycopg.Error) as error:
            logger.exception("request %s failed before it was executed", request_correlation_id())
            return refuse(503, problem_of(error))
        finally:
            await reader.close()

    async def _answer_caller(self, request: Request, reader: Reader, caller: Caller, body: bytes) -> Response:
        if caller.refusal is not None:
            return refuse(caller.status, caller.refusal, caller.headers)
        operation = _decode(body)
        if isinstance(operation, Response):
            return operation
        return await self._execute(request, operation, self._context(reader, caller, operation, body))

    def _context(self, reader: Reader, caller: Caller, operation: _GraphQLRequest, body: bytes) -> Context:
        return Context(
            reader=reader,
            correlation_id=request_correlation_id(),
            operation_name=operation.operation_name,
            principal=caller.principal,
            warehouse=self._warehouse,
            sessions=self._authenticator.sessions,
            limits=self._authenticator.limits,
            coins=self._coins,
            request_digest=hashlib.sha256(body).digest(),
            client=caller.address,
            reply=Reply(headers=caller.headers),
            introspection=self._ide,
        )

    async def _execute(self, request: Request, operation: _GraphQLRequest, context: Context) -> Response:
        if context.principal is not None:
            request.state.username = context.principal.username
        try:
            result = await schema.execute(
                operation.query,
                variable_values=operation.variables,
                context_value=context,
                operation_name=operation.operation_name,
                allowed_operation_types=[OperationType.QUERY, OperationType.MUTATION],
            )
        except MissingQueryError:
            return refuse(400, Problem(Code.BAD_REQUEST, "query is empty"))
        except CannotGetOperationTypeError:
            problem = Problem(
                Code.BAD_REQUEST, "operationName must name the one operation of query to answer"
            )
            return refuse(400, problem)
        except InvalidOperationTypeError:
            return refuse(400, Problem(Code.BAD_REQUEST, "subscriptions are not supported"))
        finally:
            request.state.operation = context.reply.operation
        return _respond(result, context)


def refuse(status: int, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """A response that consists of one problem."""
    return JSONResponse(_present_problem(problem, request_correlation_id()), status, headers)


def _respond(result: ExecutionResult, context: Context) -> Response:
    errors = result.errors or []
    body: dict[str, Any] = (
        {"errors": [_present(error, context.correlation_id) for error in errors]} if errors else {}
    )
    reply = context.reply
    if all(error.path for error in errors):
        return _json({"data": result.data, **body}, reply.status or 200, reply.headers)
    # An error without a path: nothing was executed.
    codes = {problem_of(error.original_error).code for error in errors if error.original_error is not None}
    status = next((_STATUS[code] for code in codes if code in _STATUS), 400)
    if status == HTTP_UNAUTHENTICATED:
        reply.headers["WWW-Authenticate"] = "Bearer"
    if Code.TIMEOUT in codes or Code.UNAVAILABLE in codes:
        status = 503
    elif not all(map(_is_refusal, errors)):
        status = 500
    return _json(body, status, reply.headers)


def _json(body: dict[str, Any], status: int, headers: dict[str, str]) -> Response:
    """A JSON response; msgspec encodes a page of rows several times as fast as the standard library."""
    return Response(msgspec.json.encode(body), status, headers, "application/json")


async def _read(request: Request) -> bytes | Response:
    """The body, or the response that refuses one that is not JSON or too large."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return refuse(415, Problem(Code.BAD_REQUEST, "send the query as application/json"))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            problem = Problem(Code.LIMIT_EXCEEDED, f"the body is larger than {BODY_MAX_BYTES} bytes")
            return refuse(413, problem)
    return bytes(body)


def _decode(body: bytes) -> _GraphQLRequest | Response:
    """The decoded request, or the response that refuses a malformed body."""
    # PostgreSQL stores no NUL character in a text; it is refused anywhere in the query and its variables.
    if b"\\u0000" in body:
        return refuse(400, Problem(Code.INVALID_ARGUMENT, "an argument holds a NUL character"))
    try:
        return msgspec.json.decode(body, type=_GraphQLRequest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = Problem(
            Code.BAD_REQUEST,
            "the body must be one JSON object with query (text) and, if needed, variables (an object) and "
            "operationName (text); a list of queries is not accepted",
        )
        return refuse(400, problem)


def _is_refusal(error: GraphQLError) -> bool:
    """Whether the request itself was refused (syntax, validation, Problem), so that nothing was executed."""
    return not error.path and (error.original_error is None or isinstance(error.original_error, Problem))


def _present(error: GraphQLError, correlation_id: str) -> dict[str, Any]:
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


def _present_problem(problem: Problem, correlation_id: str) -> dict[str, Any]:
    """The body of a response that holds this problem only, in GraphQL's form."""
    return {"errors": [{"message": str(problem), "extensions": _extensions(problem.code, correlation_id)}]}


def _extensions(code: Code, correlation_id: str) -> dict[str, str]:
    return {"code": code.value, "correlationId": correlation_id}
