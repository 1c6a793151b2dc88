"""`Node`, what every type with a global id is, and how such an id names its object.

An id is opaque to callers: a type and the parts of the object's own key, as the world knows them (codes,
never serial numbers). What is behind an id is found in `queries/nodes.py`.
"""

import base64
import binascii
import json
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
import strawberry

from aurora_api.access.principal import Capability
from aurora_api.problems import Code, Problem
from aurora_api.schema.permissions import requires

ID_LENGTH_MAX: Final = 1000
ID_DESCRIPTION: Final = "Opaque and stable."


@strawberry.interface(
    description="An object with a global id, which the query node resolves.",
    directives=requires(Capability.SIGNED_IN),
)
class Node:
    """An object with an id of its own."""

    id: strawberry.ID = strawberry.field(description=ID_DESCRIPTION)


class NodeKey(NamedTuple):
    """What an id says: a type of the schema and the parts of the object's key."""

    type_name: str
    parts: tuple[str, ...]


def node_id(type_name: str, *parts: object) -> strawberry.ID:
    """The global id of the object of `type_name` with this key; its parts are written as text."""
    text = msgspec.json.encode([type_name, *map(str, parts)])
    return strawberry.ID(base64.urlsafe_b64encode(text).decode().rstrip("="))


def read_node_id(given: str) -> NodeKey | None:
    """The key in the id; None for text that is not an id of this service."""
    if len(given) > ID_LENGTH_MAX or not given.isascii():
        return None
    try:
        found = json.loads(base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not found or not all(isinstance(part, str) for part in found):
        return None
    try:
        same = node_id(*found)
    except UnicodeEncodeError:  # half of a character
        return None
    # One id an object: another spelling of the same bytes is none.
    return NodeKey(found[0], tuple(found[1:])) if same == given else None


def is_uuid(text: str) -> bool:
    """Whether it is a UUID as this service writes them."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def key_of(type_name: str, given: str, length: int = 1) -> tuple[str, ...]:
    """The key in an argument that takes ids of `type_name`. Raises Problem, as for a missing object."""
    key = read_node_id(given)
    if key is None or key.type_name != type_name or len(key.parts) != length:
        raise not_found(type_name)
    return key.parts


def not_found(type_name: str) -> Problem:
    """The problem for an id whose object is missing or not visible: the same message for both."""
    return Problem(Code.NOT_FOUND, f"there is no {type_name} of that id; take ids from an answer")
