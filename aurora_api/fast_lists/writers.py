"""Writers: functions from a column of values to the JSON of each value.

A writer is compiled from a GraphQL type and its selected fields: attributes and methods that take only their
object; scalars, enumerations, objects and lists of these. A field with arguments, with `info`, with an
extension or a permission of its own, an async one, an interface or a union has no writer. A value that is not
exactly of its type raises `FallBack`: graphql-core then completes the list, and reports the error.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from itertools import chain, islice
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any, Final, TypeAlias

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

from aurora_api.schema.money import Coin
from aurora_api.schema.scalars import ORDINAL_MAX
from aurora_resources.units import BPS, format_amount

Write: TypeAlias = Callable[[list[Any]], list[str]]
"""The JSON of each value of a column, in the same order. Raises FallBack."""

WriteMoney: TypeAlias = Callable[[list[Any], Coin], list[str]]
"""The JSON of the Money of each amount of a column in this coin. Raises FallBack."""

Subfields: TypeAlias = Callable[[GraphQLObjectType, list[FieldNode]], dict[str, list[FieldNode]]]
"""The selected fields of a type, by their names in the response."""

DEFINITION: Final = "strawberry-definition"
quote: Final[Callable[[str], str]] = encode_basestring
"""The text as JSON."""

_NONE: Final = type(None)
_NULL: Final = "null"
# The types of values that a scalar may have to serialize.
_SERIALIZABLE: Final = frozenset({str, int, bool, date, datetime})
_TEXTS: Final = frozenset({"ID", "String"})
_BOUNDED: Final[Mapping[str, tuple[int, int]]] = {
    "Int": (-(2**31), 2**31 - 1),
    "Ordinal": (0, ORDINAL_MAX),
    "Bps": (0, BPS),
}


class FallBack(Exception):  # noqa: N818 - no error: graphql-core completes the list instead
    """A value that is not exactly of its type, or a column that was not read."""


def template_of(fields: Mapping[str, str]) -> str:
    """For `%`: a JSON object of these fields, each with JSON that contains a `%s`, or is escaped for `%`."""
    # Names in GraphQL are letters, digits and underscores: they need no escaping.
    return "{" + ",".join(f'"{name}":{json}' for name, json in fields.items()) + "}"


def compile_items(
    kind: GraphQLList[GraphQLOutputType], field_nodes: list[FieldNode], subfields: Subfields
) -> Write | None:
    """The writer of the items of such a list; None if there is none."""
    return compile_values(kind.of_type, field_nodes, subfields)


def compile_values(
    kind: GraphQLOutputType, field_nodes: list[FieldNode], subfields: Subfields
) -> Write | None:
    """The writer of values of this type, null where the type allows it; None if there is none."""
    required = isinstance(kind, GraphQLNonNull)
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    write = _compile_nonnull(kind, field_nodes, subfields)
    if write is None:
        return None
    return _required(write) if required else _optional(write)


def compile_field(kind: GraphQLObjectType, nodes: list[FieldNode], subfields: Subfields) -> Write | None:
    """The writer of one field of a column of objects of this type; None if there is none."""
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
    """How to read a field of an object: its attribute, or a method without parameters; else None."""
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
    def write_field(values: list[Any]) -> list[str]:
        try:
            found = list(map(read, values))
        except Exception as failed:
            raise FallBack from failed
        return write(found)

    return write_field


def _compile_nonnull(kind: object, field_nodes: list[FieldNode], subfields: Subfields) -> Write | None:
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
    def write_all(values: list[Any]) -> list[str]:
        if _NONE in set(map(type, values)):
            raise FallBack
        return write(values)

    return write_all


def _optional(write: Write) -> Write:
    def write_present(values: list[Any]) -> list[str]:
        if _NONE not in set(map(type, values)):
            return write(values)
        return _with_nulls(values, write([value for value in values if value is not None]))

    return write_present


def _with_nulls(values: list[Any], written: list[str]) -> list[str]:
    """`written` is the JSON of the values that are not None."""
    rest = iter(written)
    return [_NULL if value is None else next(rest) for value in values]


def _scalars(kind: GraphQLScalarType) -> Write:
    """The writer of a scalar; those in most columns of a page need no call for each value."""
    if kind.name in _TEXTS:
        return _texts
    if kind.name == "Boolean":
        return _booleans
    if kind.name in _BOUNDED:
        return _integers(*_BOUNDED[kind.name])
    if kind.name == "Amount":
        return _amounts
    return _serialized(kind.serialize)


def _texts(values: list[Any]) -> list[str]:
    if not set(map(type, values)) <= {str}:
        raise FallBack
    return list(map(quote, values))


def _booleans(values: list[Any]) -> list[str]:
    if not set(map(type, values)) <= {bool}:
        raise FallBack
    return ["true" if value else "false" for value in values]


def _integers(least: int, most: int) -> Write:
    def write(values: list[Any]) -> list[str]:
        if not set(map(type, values)) <= {int}:
            raise FallBack
        if values and (min(values) < least or max(values) > most):
            raise FallBack
        return list(map(str, values))

    return write


def _amounts(values: list[Any]) -> list[str]:
    if not set(map(type, values)) <= {int}:
        raise FallBack
    return [f'"{value}"' for value in values]


def _serialized(serialize: Callable[[Any], Any]) -> Write:
    def write(values: list[Any]) -> list[str]:
        if not set(map(type, values)) <= _SERIALIZABLE:
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

    def write(values: list[Any]) -> list[str]:
        # A text equals a member of a StrEnum, but graphql-core serializes the two differently.
        if not set(map(type, values)) <= {members}:
            raise FallBack
        return [by_member[value] for value in values]

    return write


def _lists(items: Write) -> Write:
    def write(values: list[Any]) -> list[str]:
        if not set(map(type, values)) <= {list}:
            raise FallBack
        written = iter(items(list(chain.from_iterable(values))))
        return [f"[{','.join(islice(written, len(value)))}]" for value in values]

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
    compiled = [column for column in columns if column is not None]
    if len(compiled) < len(columns) or not compiled:
        return None
    template = template_of(dict.fromkeys(selected, "%s"))

    def write(values: list[Any]) -> list[str]:
        if not set(map(type, values)) <= classes:
            raise FallBack
        return [template % row for row in zip(*(column(values) for column in compiled), strict=True)]

    return write


# Money is the greatest part of a page: its columns are written from the amounts, without a Money for each.
# A test compares the result with that of `Money` itself.
_OF_AMOUNTS: Final[Mapping[str, Callable[[list[int], Coin], list[Any]]]] = {
    "amount": lambda amounts, _: amounts,
    "display": lambda amounts, coin: [
        format_amount(amount, coin.decimals, separator="") for amount in amounts
    ],
}
_OF_COIN: Final[Mapping[str, Callable[[Coin], str]]] = {
    "unit": lambda coin: quote(coin.unit),
    "decimals": lambda coin: str(coin.decimals),
    "displayUnit": lambda coin: quote(coin.display_unit),
    "__typename": lambda _: quote("Money"),
}


def compile_money(kind: GraphQLOutputType, nodes: list[FieldNode], subfields: Subfields) -> WriteMoney | None:
    """The writer of the Money of amounts, null where the type allows it; None if there is none."""
    required = isinstance(kind, GraphQLNonNull)
    named = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if not isinstance(named, GraphQLObjectType) or named.name != "Money":
        return None
    selected = {name: each[0].name.value for name, each in subfields(named, nodes).items()}
    if not selected or not {*selected.values()} <= {*_OF_AMOUNTS, *_OF_COIN}:
        return None
    columns = [_OF_AMOUNTS[field] for field in selected.values() if field in _OF_AMOUNTS]

    def write(amounts: list[Any], coin: Coin) -> list[str]:
        kinds = set(map(type, amounts))
        if not kinds <= ({int} if required else {int, _NONE}):
            raise FallBack
        template = template_of(
            {
                # Amounts are digits, a sign and a point: they need no escaping in JSON.
                name: '"%s"' if field in _OF_AMOUNTS else _OF_COIN[field](coin).replace("%", "%%")
                for name, field in selected.items()
            }
        )
        present = amounts if kinds == {int} else [amount for amount in amounts if amount is not None]
        if columns:
            rows = zip(*(column(present, coin) for column in columns), strict=True)
            written = [template % row for row in rows]
        else:
            written = [template % ()] * len(present)
        return written if len(present) == len(amounts) else _with_nulls(amounts, written)

    return write
