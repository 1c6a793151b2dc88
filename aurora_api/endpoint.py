"""GraphQL over HTTP: one POST with JSON in, one JSON object out, whatever happens.

A request that cannot be understood is answered 400, one without the token 401, in GraphQL's shape too. One
operation a request: a list of them (batching) is refused, as is everything but JSON.
"""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from strawberry.dataloader import DataLoader
from strawberry.exceptions import MissingQueryError
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from aurora_api.auth import TokenCheck
from aurora_api.chains import chain_loader
from aurora_api.context import Context, Pool, Reader
from aurora_api.correlation import correlation_id_of
from aurora_api.errors import Code, Problem, is_refusal, present, present_problem
from aurora_api.schema import schema

BODY_MAX_BYTES: Final = 256 * 1024


class _Asked(msgspec.Struct, rename="camel"):
    """The body of a request. Other members, such as `extensions`, are not used."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


class GraphQLEndpoint:
    """Answers the requests of one application, over its pool."""

    def __init__(self, pool: Pool, token: str, *, ide: bool) -> None:
        """`ide` shows GraphiQL to a browser that opens the address; its queries need the token as well."""
        self._pool = pool
        self._check = TokenCheck(token)
        self._ide = ide

    async def answer(self, request: Request) -> Response:
        """One request."""
        if request.method == "GET":
            if self._ide and "text/html" in request.headers.get("accept", ""):
                return HTMLResponse(get_graphql_ide_html(graphql_ide="graphiql"))
            problem = Problem(Code.BAD_REQUEST, "GraphQL is asked with POST and a JSON body")
            return refuse(request, 405, problem, {"Allow": "POST"})
        if not self._check.accepts(request.headers.get("authorization")):
            problem = Problem(
                Code.UNAUTHENTICATED, "no valid token: send the API token as Authorization: Bearer <token>"
            )
            return refuse(request, 401, problem, {"WWW-Authenticate": "Bearer"})
        asked = await _read(request)
        if isinstance(asked, Response):
            return asked
        return await self._execute(request, asked)

    async def _execute(self, request: Request, asked: _Asked) -> Response:
        correlation_id = correlation_id_of(request)
        reader = Reader(self._pool)
        context = Context(
            reader, DataLoader(load_fn=chain_loader(reader)), correlation_id, asked.operation_name
        )
        try:
            result = await schema.execute(
                asked.query,
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                allowed_operation_types=[OperationType.QUERY],
            )
        except MissingQueryError:
            return refuse(request, 400, Problem(Code.BAD_REQUEST, "query is empty"))
        except CannotGetOperationTypeError:
            problem = Problem(
                Code.BAD_REQUEST, "operationName must name the one operation of query to answer"
            )
            return refuse(request, 400, problem)
        except InvalidOperationTypeError:
            return refuse(request, 400, Problem(Code.BAD_REQUEST, "only queries are answered here"))
        finally:
            await reader.close()
        return _respond(result, correlation_id)


def refuse(
    request: Request, status: int, problem: Problem, headers: dict[str, str] | None = None
) -> Response:
    """An answer that is nothing but a problem."""
    return JSONResponse(present_problem(problem, correlation_id_of(request)), status, headers)


def _respond(result: ExecutionResult, correlation_id: str) -> Response:
    errors = result.errors or []
    body: dict[str, Any] = {"errors": [present(error, correlation_id) for error in errors]} if errors else {}
    if all(error.path for error in errors):
        return JSONResponse({"data": result.data, **body})
    # An error without a place in the answer: nothing was executed.
    return JSONResponse(body, 400 if all(map(is_refusal, errors)) else 500)


async def _read(request: Request) -> _Asked | Response:
    """What is asked, or the refusal of a body that does not say so."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return refuse(request, 415, Problem(Code.BAD_REQUEST, "send the query as application/json"))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            problem = Problem(Code.LIMIT_EXCEEDED, f"the body is larger than {BODY_MAX_BYTES} bytes")
            return refuse(request, 413, problem)
    try:
        return msgspec.json.decode(body, type=_Asked)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = Problem(
            Code.BAD_REQUEST,
            "the body must be one JSON object with query (text) and, if needed, variables (an object) and "
            "operationName (text); a list of queries is not taken",
        )
        return refuse(request, 400, problem)
