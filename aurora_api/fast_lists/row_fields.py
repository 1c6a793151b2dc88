"""Fields that are read from a row of the warehouse only when a query selects them.

A type whose lists can be long keeps its row (`row`) and its chain's coin (`coin`), and declares its fields
with these resolvers, so that the warehouse reads only the columns of the selected fields. The resolver of a
field that is one column says so (`of_column`): the executor then writes the column without calling it.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, Final, NamedTuple

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
)
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.utils.str_converters import to_camel_case

_COLUMNS: Final = "columns"
_OF_COLUMN: Final = "of_column"


class OfColumn(NamedTuple):
    """The source of a field: a column, as it is, as the Money of that amount, or mapped by `members`."""

    column: str
    amount: bool = False
    members: Mapping[Any, Enum | None] | None = None


def of_column(resolver: object) -> OfColumn | None:
    """The source of the resolver's field, if it only reads a column of its object's row."""
    return getattr(resolver, _OF_COLUMN, None)


def stored(column: str) -> Callable[[Any], Any]:
    """The column as it is; None stays None."""
    read = attrgetter(f"row.{column}")

    def resolve(self):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 - the field's own annotation says it
        return read(self)

    setattr(resolve, _OF_COLUMN, OfColumn(column))
    setattr(resolve, _COLUMNS, (column,))
    return resolve


def money(column: str) -> Callable[[Any], Any]:
    """The column's amount in native units, with its coin; None stays None."""
    read = attrgetter(f"row.{column}")

    def resolve(self):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        return self.coin.money(read(self))

    setattr(resolve, _OF_COLUMN, OfColumn(column, amount=True))
    setattr(resolve, _COLUMNS, (column,))
    return resolve


def made(make: Callable[[Any], Any], *columns: str) -> Callable[[Any], Any]:
    """The result of `make` for the object; `columns` are those of its row that `make` reads."""

    def resolve(self):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        return make(self)

    setattr(resolve, _COLUMNS, columns)
    return resolve


def member(column: str, kind: type[Enum]) -> Callable[[Any], Any]:
    """The column's value as a member of `kind`; None stays None. Raises KeyError for any other value."""
    read = attrgetter(f"row.{column}")
    members: dict[Any, Enum | None] = {each.value: each for each in kind}
    members[None] = None

    def resolve(self):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        return members[read(self)]

    setattr(resolve, _OF_COLUMN, OfColumn(column, members=members))
    setattr(resolve, _COLUMNS, (column,))
    return resolve


def columns_selected(
    info: strawberry.Info[Any, None], kind: type, row_type: type, always: Iterable[str]
) -> tuple[str, ...]:
    """The columns of `row_type`, in its order, that the selected fields of `kind` read, and `always` these.

    A selected method of `kind` that does not declare its columns needs the whole row.
    """
    every: tuple[str, ...] = row_type._fields  # type: ignore[attr-defined] # a named tuple
    names, needed = selected_names(info), set(always)
    for name, columns in _columns_of(kind).items():
        if name in names:
            if columns is None:
                return every
            needed.update(columns)
    return tuple(column for column in every if column in needed)


@cache
def _columns_of(kind: type) -> Mapping[str, tuple[str, ...] | None]:
    """The columns each resolver of the type reads, by the field's name in the schema; None: undeclared."""
    definition: StrawberryObjectDefinition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    return {
        to_camel_case(field.python_name): getattr(field.base_resolver.wrapped_func, _COLUMNS, None)
        for field in definition.fields
        if field.base_resolver is not None
    }


def selected_names(info: strawberry.Info[Any, None]) -> frozenset[str]:
    """The names (as in the schema) of all fields selected anywhere below the field that is resolved.

    `@skip` and `@include` are not evaluated: the fields they exclude count as selected.
    """
    raw = info._raw_info  # Strawberry's selected_fields would copy the tree
    names: set[str] = set()
    for node in raw.field_nodes:
        if node.selection_set:
            _gather(node.selection_set.selections, raw.fragments, names, set())
    return frozenset(names)


def _gather(
    nodes: Iterable[SelectionNode],
    fragments: Mapping[str, FragmentDefinitionNode],
    names: set[str],
    seen: set[str],
) -> None:
    for node in nodes:
        if isinstance(node, FieldNode):
            names.add(node.name.value)
        elif isinstance(node, FragmentSpreadNode):
            if node.name.value not in seen:
                seen.add(node.name.value)
                _gather(fragments[node.name.value].selection_set.selections, fragments, names, seen)
            continue
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set:
            _gather(node.selection_set.selections, fragments, names, seen)
