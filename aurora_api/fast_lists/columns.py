"""The words that lists written at once are planned in: a column of values, and what has no plan."""

from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any, Final, TypeAlias

from graphql import FieldNode, GraphQLObjectType

Write: TypeAlias = Callable[[list[Any]], list[Any]]
"""A column of values in, the JSON of each out, in the same order: a text, or an `int`, whose digits it is.

Raises FallBack.
"""

Subfields: TypeAlias = Callable[[GraphQLObjectType, list[FieldNode]], dict[str, list[FieldNode]]]
"""The fields selected of a type, by their names in the answer."""

NULL: Final = "null"

quote: Final[Callable[[str], str]] = encode_basestring
"""The text as JSON."""


class FallBack(Exception):  # noqa: N818 - not an error: it is graphql-core's turn
    """A value that is not exactly what its type holds."""


def template_of(fields: dict[str, str]) -> str:
    """For `%`: an object of these fields, each with JSON that holds a `%s`, or with `constant` JSON."""
    # Names in GraphQL are letters, digits and underscores.
    return "{" + ",".join(f'"{name}":{json}' for name, json in fields.items()) + "}"


def constant(json: str) -> str:
    """JSON as a template shows it."""
    return json.replace("%", "%%")
