"""How a column of values becomes what the answer shows, where that takes nothing but the values themselves.

A plan is made from a GraphQL type and the fields selected of it: stored attributes and methods that take only
their object; scalars, enumerations, objects and lists of these. A field with arguments, with `info`, with an
extension or a permission of its own, an async one, an interface or a union has no plan. A value that is not
exactly as its type says raises `Unusual`, so that graphql-core tells what is wrong with it.
"""

from collections.abc import Callable
from datetime import date, datetime
from itertools import chain, islice
from operator import attrgetter
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
)
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from aurora_api.schema.columns import Complete, Subfields, Unusual
from aurora_api.schema.from_row import AMOUNT, COLUMN
from aurora_api.schema.money_plans import plan_money
from aurora_api.schema.scalars import ORDINAL_MAX
from aurora_resources.units import BPS

_DEFINITION: Final = "strawberry-definition"
_NONE: Final = type(None)
_INT_MAX: Final = 2**31 - 1
# Shown as they are.
_AS_THEY_ARE: Final[dict[str, type]] = {"String": str, "ID": str, "Boolean": bool}
# Shown as they are, within bounds.
_BOUNDED: Final[dict[str, tuple[int, int]]] = {
    "Int": (-_INT_MAX - 1, _INT_MAX),
    "Ordinal": (0, ORDINAL_MAX),
    "Bps": (0, BPS),
}
# What other scalars are asked to write.
_PLAIN: Final = frozenset({str, int, bool, date, datetime})


def plan_values(
    kind: GraphQLOutputType, field_nodes: list[FieldNode], subfields: Subfields
) -> Complete | None:
    """How to complete values of this type, null where the type allows it; None when there is no plan."""
    required = isinstance(kind, GraphQLNonNull)
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    complete = _plan_present(kind, field_nodes, subfields)
    if complete is None:
        return None
    return _required(complete) if required else _optional(complete)


def _plan_present(kind: object, field_nodes: list[FieldNode], subfields: Subfields) -> Complete | None:
    if isinstance(kind, GraphQLScalarType):
        return _scalars(kind)
    if isinstance(kind, GraphQLEnumType):
        return _members(kind)
    if isinstance(kind, GraphQLList):
        items = plan_values(kind.of_type, field_nodes, subfields)
        return None if items is None else _lists(items)
    if isinstance(kind, GraphQLObjectType):
        return _objects(kind, field_nodes, subfields)
    return None


def _required(complete: Complete) -> Complete:
    def complete_all(values: list[Any]) -> list[Any]:
        if _NONE in set(map(type, values)):
            raise Unusual
        return complete(values)

    return complete_all


def _optional(complete: Complete) -> Complete:
    def complete_present(values: list[Any]) -> list[Any]:
        if _NONE not in set(map(type, values)):
            return complete(values)
        present = [value for value in values if value is not None]
        if not present:
            return values
        completed = iter(complete(present))
        return [None if value is None else next(completed) for value in values]

    return complete_present


def _scalars(kind: GraphQLScalarType) -> Complete:
    if kind.name in _AS_THEY_ARE:
        return _as_they_are(_AS_THEY_ARE[kind.name])
    if kind.name in _BOUNDED:
        return _bounded(*_BOUNDED[kind.name])
    if kind.name == "Amount":
        return _amounts
    return _written(kind.serialize)


def _as_they_are(only: type) -> Complete:
    def complete(values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= {only}:
            raise Unusual
        return values

    return complete


def _bounded(least: int, most: int) -> Complete:
    def complete(values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= {int}:
            raise Unusual
        if values and (min(values) < least or max(values) > most):
            raise Unusual
        return values

    return complete


def _amounts(values: list[Any]) -> list[Any]:
    if not set(map(type, values)) <= {int}:
        raise Unusual
    return list(map(str, values))


def _written(write: Callable[[Any], Any]) -> Complete:
    def complete(values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= _PLAIN:
            raise Unusual
        try:
            written = list(map(write, values))
        except Exception as refused:
            raise Unusual from refused
        if _NONE in set(map(type, written)):
            raise Unusual
        return written

    return complete


def _members(kind: GraphQLEnumType) -> Complete | None:
    members = getattr(kind, "wrapped_cls", None)
    if members is None:
        return None
    by_member: dict[object, str] = {}
    for member in members:
        name = next((name for name, value in kind.values.items() if value.value == member.value), None)
        if name is None:
            return None
        by_member[member] = name

    def complete(values: list[Any]) -> list[Any]:
        # A text equals a member of a StrEnum: graphql-core reads it its own way.
        if not set(map(type, values)) <= {members}:
            raise Unusual
        return [by_member[value] for value in values]

    return complete


def _lists(items: Complete) -> Complete:
    def complete(values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= {list}:
            raise Unusual
        if len(values) == 1:
            # What was given may be the resolver's own list, which the answer must not share.
            return [list(items(values[0]))]
        completed = iter(items(list(chain.from_iterable(values))))
        return [list(islice(completed, len(value))) for value in values]

    return complete


def _objects(kind: GraphQLObjectType, field_nodes: list[FieldNode], subfields: Subfields) -> Complete | None:
    definition = kind.extensions.get(_DEFINITION)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.is_type_of is not None:
        return None
    classes = {definition.origin}
    if isinstance(definition.concrete_of, StrawberryObjectDefinition):
        classes.add(definition.concrete_of.origin)
    selected = subfields(kind, field_nodes)
    columns = [_column(kind, nodes, subfields) for nodes in selected.values()]
    # Checked once more for the type checker: from here on each column has its plan.
    planned = [column for column in columns if column is not None]
    if len(planned) < len(columns) or not planned:
        return None
    names = tuple(selected)

    def complete(values: list[Any]) -> list[Any]:
        if not set(map(type, values)) <= classes:
            raise Unusual
        return [
            dict(zip(names, shown, strict=True))
            for shown in zip(*(column(values) for column in planned), strict=True)
        ]

    return complete


def _column(kind: GraphQLObjectType, nodes: list[FieldNode], subfields: Subfields) -> Complete | None:
    """From a column of objects to one field of each."""
    name = nodes[0].name.value
    if name == "__typename":
        return lambda values: [kind.name] * len(values)
    field = kind.fields[name]
    read = _reading(field.extensions.get(_DEFINITION))
    if read is None or field.args:
        return None
    amount = getattr(read, AMOUNT, None)
    if amount is not None:
        return plan_money(field.type, nodes, subfields, amount)
    complete = plan_values(field.type, nodes, subfields)
    return None if complete is None else _reading_column(getattr(read, COLUMN, read), complete)


def _reading_column(read: Callable[[Any], Any], complete: Complete) -> Complete:
    def complete_field(values: list[Any]) -> list[Any]:
        try:
            found = list(map(read, values))
        except Exception as failed:
            raise Unusual from failed
        return complete(found)

    return complete_field


def _reading(field: object) -> Callable[[Any], Any] | None:
    """How to read a field of an object: its attribute, or a method that takes nothing else."""
    if not isinstance(field, StrawberryField) or field.extensions or field.permission_classes:
        return None
    resolver = field.base_resolver
    if resolver is None:
        return attrgetter(field.python_name)
    if resolver.is_async or resolver.self_parameter is None or len(resolver.signature.parameters) != 1:
        return None
    method = resolver.wrapped_func
    return None if isinstance(method, staticmethod | classmethod) else method
