"""Bytes to typed answers: one decoder an answer, in exact integers, with errors that name place and field.

The shapes themselves stand beside each provider's requests (`rpc.py`, `jito.py`, ...). Nothing here
knows an endpoint. JSON integers of any size stay exact; a float where an integer belongs is an error.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec

from aurora_resources.errors import PayloadError
from aurora_resources.records import ProviderResponse

T = TypeVar("T")

Unsigned: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
RateBps: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Hook: TypeAlias = Callable[[type[Any], Any], Any]
"""Makes a value of a type of our own out of a JSON value; raises ValueError or TypeError for a wrong one."""


_decodes: ContextVar[Counter[bytes] | None] = ContextVar("decodes", default=None)


@contextmanager
def counted_decodes() -> Iterator[Counter[bytes]]:
    """Count how often the body of each response is decoded in this context, by the digest of its request."""
    counter: Counter[bytes] = Counter()
    token = _decodes.set(counter)
    try:
        yield counter
    finally:
        _decodes.reset(token)


class Shape(Generic[T]):
    """The documented shape of one answer; `read` turns bytes into it, ignoring fields that are not used.

    `hook` reads the types that JSON does not have, such as quantities written as text. What was read is kept
    with the response, so that every reader of the same response shares it; `keep=False` is for the large
    bodies of a whole network, which have one reader and would only take memory.
    """

    def __init__(self, wanted: type[T], hook: Hook | None = None, *, keep: bool = True) -> None:
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(wanted, dec_hook=hook)
        self._keep = keep

    def read(self, response: ProviderResponse) -> T:
        """Raise PayloadError naming provider, endpoint and field when the body has another shape."""
        if self in response.decoded:
            kept: T = response.decoded[self]
            return kept
        if (counter := _decodes.get()) is not None:
            counter[response.request.digest()] += 1
        try:
            found = self._decoder.decode(response.body)
        except msgspec.MsgspecError as problem:
            raise unexpected(response, str(problem)) from None
        if self._keep:
            response.decoded[self] = found
        return found


def unexpected(response: ProviderResponse, problem: str) -> PayloadError:
    """The error for a body that is not what the provider documents."""
    return PayloadError(
        f"{problem}; the body of {len(response.body)} bytes is kept in staging",
        provider=response.request.provider,
        endpoint=response.request.endpoint,
        status=response.status,
    )
