"""What a provider of the sandbox is asked and what it answers, before faults and before HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A JSON value; integers exact."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request; `raw` is its body and `json` what that says, None if there is none or it is not JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    json: Json
    headers: Mapping[str, str]
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response whose `body` is still to be encoded; a `str` is sent as it is, anything else as JSON."""

    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
