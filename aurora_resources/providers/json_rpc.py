"""The JSON-RPC envelope, the same for every chain: `params` of a request, `result` or `error` of an answer.

What a method's result looks like and what an error code means stands beside each chain's requests.
"""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from aurora_resources.providers.decoding import Shape, unexpected
from aurora_resources.records import Json, ProviderRequest, ProviderResponse

T = TypeVar("T")


class Reply(msgspec.Struct, Generic[T]):
    """The envelope of a JSON-RPC answer; `result` may be null, or absent beside an error."""

    result: T | msgspec.UnsetType = msgspec.UNSET


class Failure(msgspec.Struct, frozen=True):
    """The `error` of an answer; servers also use codes that no document lists."""

    code: int
    message: str = ""


class _Failed(msgspec.Struct):
    error: Failure | None = None


_failed = msgspec.json.Decoder(_Failed)


def result(shape: Shape[Reply[T]], response: ProviderResponse) -> T:
    """The `result` of a JSON-RPC answer. Raises PayloadError when there is none."""
    found = shape.read(response).result
    if isinstance(found, msgspec.UnsetType):
        raise unexpected(response, "the answer has no `result`")
    return found


def failure(body: bytes) -> Failure | None:
    """The `error` of an answer, None when there is none. A body that is not JSON is left to the parser."""
    try:
        return _failed.decode(body).error
    except msgspec.MsgspecError:
        return None


def rpc_params(request: ProviderRequest) -> Sequence[Json]:
    """The `params` of a JSON-RPC request, also after a round trip through staging."""
    body = request.body
    params = body.get("params") if isinstance(body, Mapping) else None
    return params if isinstance(params, Sequence) and not isinstance(params, str) else ()
