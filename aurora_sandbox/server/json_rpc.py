"""JSON-RPC 2.0 over HTTP as nodes speak it: error objects, and requests that are refused before any call."""

from typing import Any, Final

from aurora_sandbox.server.messages import Json, SandboxRequest, SandboxResponse

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602


class RpcError(Exception):
    """A JSON-RPC error object; it travels with HTTP status 200."""

    def __init__(self, code: int, message: str, data: Json = None) -> None:
        """`data` is left out of the response if None."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data


def failure(identifier: Json, error: RpcError) -> dict[str, Any]:
    """The response object of an error."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    return {"jsonrpc": "2.0", "error": body, "id": identifier}


def failed_call(call: Json, error: RpcError) -> SandboxResponse:
    """The response to one request object `call`, with its id."""
    return SandboxResponse(failure(_identifier(call), error))


def empty_result(call: Json) -> dict[str, Any]:
    """A response object with the shape of success and an empty list in it."""
    return {"jsonrpc": "2.0", "result": [], "id": _identifier(call)}


def refuse_request(request: SandboxRequest, max_batch: int | None) -> SandboxResponse | None:
    """The response to a request that holds no call to serve; None for one that does.

    Another method than POST is a 405, a body that is not JSON or an empty batch is an error object, and a
    batch over `max_batch` calls a 413.
    """
    if request.method != "POST":
        return SandboxResponse("Used HTTP Method is not allowed. POST or OPTIONS is required\n", 405)
    if request.json is None:
        return SandboxResponse(failure(None, RpcError(PARSE_ERROR, "Parse error")))
    if not isinstance(request.json, list):
        return None
    size = len(request.json)
    if size == 0:
        return SandboxResponse(failure(None, RpcError(INVALID_REQUEST, "Invalid request")))
    if max_batch is not None and size > max_batch:
        refusal = RpcError(INVALID_REQUEST, f"Batch size {size} is over the limit of {max_batch}")
        return SandboxResponse(failure(None, refusal), 413)
    return None


def _identifier(call: Json) -> Json:
    return call.get("id") if isinstance(call, dict) else None
