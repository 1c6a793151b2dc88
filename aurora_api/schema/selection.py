"""What a query selects below a field, so that the warehouse is not asked for what nobody wants to see."""

from collections.abc import Iterable, Mapping
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
)


def selected_names(info: strawberry.Info[Any, None]) -> frozenset[str]:
    """The names (as in the schema) of all fields that stand anywhere below the field being answered.

    `@skip` and `@include` are not looked at: what they leave out counts as selected.
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
