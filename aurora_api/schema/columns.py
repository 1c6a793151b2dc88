"""The words that lists completed at once are planned in: a column of values, and what has no plan."""

from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import FieldNode, GraphQLObjectType

Complete: TypeAlias = Callable[[list[Any]], list[Any]]
"""A column of values in, what the answer shows of each out, in the same order. Raises Unusual."""

Subfields: TypeAlias = Callable[[GraphQLObjectType, list[FieldNode]], dict[str, list[FieldNode]]]
"""The fields selected of a type, by their names in the answer."""


class Unusual(Exception):  # noqa: N818 - not an error: it is graphql-core's turn
    """A value that is not exactly what its type holds."""
