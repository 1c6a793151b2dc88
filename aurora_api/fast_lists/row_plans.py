"""How a column of values becomes the JSON of the answer, where that takes nothing but the values themselves.

A plan is made from a GraphQL type and the fields selected of it: stored attributes and methods that take only
their object; scalars, enumerations, objects and lists of these. A field with arguments, with `info`, with an
extension or a permission of its own, an async one, an interface or a union has no plan. A value that is not
exactly as its type says raises `FallBack`, so that graphql-core tells what is wrong with it.
"""

from collections.abc import Callable
from datetime import date, datetime
from itertools import chain, islice
from operator import attrgetter
from typing import Any, Final

import msgspec
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
)
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from aurora_api.fast_lists.columns import NULL, FallBack, Subfields, Write, quote, template_of
from aurora_api.schema.scalars import ORDINAL_MAX
from aurora_resources.units import BPS

DEFINITION: Final = "strawberry-definition"
_NONE: Final = type(None)
_INT_MAX: Final = 2**31 - 1
_TEXTS: Final = frozenset({"String", "ID"})
# Whole numbers, within bounds.
_BOUNDED: Final[dict[str, tuple[int, int]]] = {
    "Int": (-_INT_MAX - 1, _INT_MAX),
    "Ordinal": (0, ORDINAL_MAX),
    "Bps": (0, BPS),
}
# What other scalars are asked to write.
_PLAIN: Final = frozenset({str, int, bool, date, datetime})


def compile_items(
    kind: GraphQLList[GraphQLOutputType], field_nodes: list[FieldNode], subfields: Subfields
) -> Write | None:
    """How to write the items of such a list; None when there is no plan."""
    return compile_values(kind.of_type, field_nodes, subfields)


def compile_values(
    kind: GraphQLOutputType, field_nodes: list[FieldNode], subfields: Subfields
) -> Write | None:
    """How to write values of this type, null where the type allows it; None when there is no plan."""
    required = isinstance(kind, GraphQLNonNull)
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    write = _plan_present(kind, field_nodes, subfields)
    if write is None:
        return None
    return _required(write) if required else _optional(write)


def _plan_present(kind: object, field_nodes: list[FieldNode], subfields: Subfields) -> Write | None:
    if isinstance(kind, GraphQLScalarType):
        return _scalars(kind)
    if isinstance(kind, GraphQLEnumType):
        return _members(kind)
    if isinstance(kind, GraphQLList):
        items = compile_values(kind.of_type, field_nodes, subfields)
        return None if items is None else _lists(items)
    if isinstance(kind, GraphQLObjectType):
        return _objects(kind, field_nodes, subfields)
    return None


def _required(write: Write) -> Write:
    def write_all(values: list[Any]) -> list[Any]:
        if _NONE in set(map(type, values)):
            raise FallBack
        return write(values)

    return write_all


def _optional(write: Write) -> Write:
    def write_present(values: list[Any]) -> list[Any]:
        if _NONE not in set(map(type, values)):
            return write(values)
        written = iter(write([value for value in values if value is not None]))
        return [NULL if value is None else next(written) for value in values]

    return write_present


def _scalars(kind: GraphQLScalarType) -> Write:
    if kind.name in _TEXTS:
        return _texts
    if kind.name == "Boolean":
        return _booleans
    if kind.name in _BOUNDED:
        return _bounded(*_BOUNDED[kind.name])
    if kind.name == "Amount":
        return _amounts
    return _serialized(kind.serialize)


def _texts(values: list[Any]) -> list[Any]:
    if not set(map(type, values)) <= {str}:
        raise FallBack
    return list(map(quote, values))


def _booleans(values: list[Any]) -> list[Any]:
    if not set(map(type, values)) <= {bool}:
        raise FallBack
    return ["true" if value else "false" for value in values]


def _bounded(least: int, most: int) -> Write:
    def write(values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= {int}:
            raise FallBack
        if values and (min(values) < least or max(values) > most):
            raise FallBack
        return values

    return write


def _amounts(values: list[Any]) -> list[Any]:
    if not set(map(type, values)) <= {int}:
        raise FallBack
    return [f'"{value}"' for value in values]


def _serialized(serialize: Callable[[Any], Any]) -> Write:
    def write(values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= _PLAIN:
            raise FallBack
        try:
            serialized = list(map(serialize, values))
        except Exception as refused:
            raise FallBack from refused
        if _NONE in set(map(type, serialized)):
            raise FallBack
        return [msgspec.json.encode(value).decode() for value in serialized]

    return write


def _members(kind: GraphQLEnumType) -> Write | None:
    members = getattr(kind, "wrapped_cls", None)
    if members is None:
        return None
    by_member: dict[object, str] = {}
    for member in members:
        name = next((name for name, value in kind.values.items() if value.value == member.value), None)
        if name is None:
            return None
        by_member[member] = quote(name)

    def write(values: list[Any]) -> list[Any]:
        # A text equals a member of a StrEnum: graphql-core reads it its own way.
        if not set(map(type, values)) <= {members}:
            raise FallBack
        return [by_member[value] for value in values]

    return write


def _lists(items: Write) -> Write:
    def write(values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= {list}:
            raise FallBack
        written = iter(items(list(chain.from_iterable(values))))
        return [f"[{','.join(map(str, islice(written, len(value))))}]" for value in values]

    return write


def _objects(kind: GraphQLObjectType, field_nodes: list[FieldNode], subfields: Subfields) -> Write | None:
    definition = kind.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.is_type_of is not None:
        return None
    classes = {definition.origin}
    if isinstance(definition.concrete_of, StrawberryObjectDefinition):
        classes.add(definition.concrete_of.origin)
    selected = subfields(kind, field_nodes)
    columns = [compile_field(kind, nodes, subfields) for nodes in selected.values()]
    # Checked once more for the type checker: from here on each column has its plan.
    planned = [column for column in columns if column is not None]
    if len(planned) < len(columns) or not planned:
        return None
    template = template_of(dict.fromkeys(selected, "%s"))

    def write(values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= classes:
            raise FallBack
        return [template % shown for shown in zip(*(column(values) for column in planned), strict=True)]

    return write


def compile_field(kind: GraphQLObjectType, nodes: list[FieldNode], subfields: Subfields) -> Write | None:
    """From a column of objects of this type to one field of each; None when there is no plan."""
    name = nodes[0].name.value
    if name == "__typename":
        return lambda values: [quote(kind.name)] * len(values)
    field = kind.fields[name]
    read = reading(field)
    if read is None:
        return None
    write = compile_values(field.type, nodes, subfields)
    return None if write is None else _reading_column(read, write)


def reading(field: GraphQLField) -> Callable[[Any], Any] | None:
    """How to read a field of an object: its attribute, or a method that takes nothing else; else None."""
    definition = field.extensions.get(DEFINITION)
    if not isinstance(definition, StrawberryField) or definition.extensions or definition.permission_classes:
        return None
    if field.args:
        return None
    resolver = definition.base_resolver
    if resolver is None:
        return attrgetter(definition.python_name)
    if resolver.is_async or resolver.self_parameter is None or len(resolver.signature.parameters) != 1:
        return None
    method = resolver.wrapped_func
    return None if isinstance(method, staticmethod | classmethod) else method


def _reading_column(read: Callable[[Any], Any], write: Write) -> Write:
    def write_field(values: list[Any]) -> list[Any]:
        try:
            found = list(map(read, values))
        except Exception as failed:
            raise FallBack from failed
        return write(found)

    return write_field
