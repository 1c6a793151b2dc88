"""A request to a provider of the sandbox and its response, before faults and before HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value; integers exact."""


@dataclass(frozen=True, slots=True)
class SandboxRequest:
    """A request; `raw` is its body and `json` the value in it, None for no body or one that is not JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    json: Json
    headers: Mapping[str, str]
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class SandboxResponse:
    """A response whose `body` is still to be encoded; a `str` is sent as it is, anything else as JSON."""

    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_body(self, body: Json) -> "SandboxResponse":
        """The same status and headers with another body."""
        return replace(self, body=body)
