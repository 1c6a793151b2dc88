"""How a page of rows becomes the JSON of its edges, without an object made for any row.

It is for connections whose nodes are rows with a few words in common (`RowEdges`): fields that are nothing
but a column are written from that column of all rows. Nodes are made only for what needs them, a method or a
node's id. What has no plan here is left to graphql-core, with the edges made.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from graphql import FieldNode, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from aurora_api.fast_lists.columns import FallBack, Subfields, quote, template_of
from aurora_api.fast_lists.money_plans import compile_money
from aurora_api.fast_lists.row_plans import DEFINITION, compile_field, compile_values, reading
from aurora_api.schema.from_row import OfColumn, of_column
from aurora_api.schema.pagination import Edge, RowEdges

WritePage: TypeAlias = Callable[[RowEdges[Any]], list[Any]]
"""The page in, the JSON of one field of each edge out. Raises FallBack."""


def compile_page(
    kind: GraphQLList[GraphQLOutputType], field_nodes: list[FieldNode], subfields: Subfields
) -> WritePage | None:
    """How to write a page's edges; None when there is no plan."""
    edge = _present(kind.of_type)
    definition = _definition(edge)
    if not isinstance(edge, GraphQLObjectType) or definition is None:
        return None
    generic = definition.concrete_of
    if not isinstance(generic, StrawberryObjectDefinition) or generic.origin is not Edge:
        return None
    return _template(
        {
            name: _plan_edge_field(edge, nodes, subfields)
            for name, nodes in subfields(edge, field_nodes).items()
        }
    )


def _plan_edge_field(
    edge: GraphQLObjectType, nodes: list[FieldNode], subfields: Subfields
) -> WritePage | None:
    name = nodes[0].name.value
    if name == "__typename":
        return lambda edges: [quote(edge.name)] * len(edges)
    if name == "cursor":
        return lambda edges: [quote(edges.page.cursor_of(row)) for row in edges.rows]
    node = _present(edge.fields[name].type)
    definition = _definition(node)
    if not isinstance(node, GraphQLObjectType) or definition is None:
        return None
    write = _template(
        {each: _plan_node_field(node, found, subfields) for each, found in subfields(node, nodes).items()}
    )
    origin = definition.origin

    def write_nodes(edges: RowEdges[Any]) -> list[Any]:
        if write is None or edges.kind is not origin:
            raise FallBack
        return write(edges)

    return None if write is None else write_nodes


def _plan_node_field(
    kind: GraphQLObjectType, nodes: list[FieldNode], subfields: Subfields
) -> WritePage | None:
    field = kind.fields.get(nodes[0].name.value)
    if field is not None and reading(field) is not None:
        definition = field.extensions[DEFINITION]
        if isinstance(definition, StrawberryField):
            if definition.base_resolver is None:
                return _plan_common(definition.python_name, field.type, nodes, subfields)
            of = of_column(definition.base_resolver.wrapped_func)
            if of is not None:
                return _plan_column(of, field.type, nodes, subfields)
    write = compile_field(kind, nodes, subfields)
    return None if write is None else lambda edges: write(edges.nodes)


def _plan_common(
    name: str, kind: GraphQLOutputType, nodes: list[FieldNode], subfields: Subfields
) -> WritePage | None:
    """What all nodes of a page have in common."""
    write = compile_values(kind, nodes, subfields)

    def write_common(edges: RowEdges[Any]) -> list[Any]:
        if write is None or name not in edges.common:
            raise FallBack
        return write([edges.common[name]]) * len(edges)

    return None if write is None else write_common


def _plan_column(
    of: OfColumn, kind: GraphQLOutputType, nodes: list[FieldNode], subfields: Subfields
) -> WritePage | None:
    if of.amount:
        write_money = compile_money(kind, nodes, subfields)
        return (
            None
            if write_money is None
            else (lambda edges: write_money(_column(edges, of.column), edges.common["coin"]))
        )
    write, members = compile_values(kind, nodes, subfields), of.members
    if write is None:
        return None
    if members is None:
        return lambda edges: write(_column(edges, of.column))

    def write_members(edges: RowEdges[Any]) -> list[Any]:
        try:
            found = [members[word] for word in _column(edges, of.column)]
        except KeyError as unknown:
            raise FallBack from unknown
        return write(found)

    return write_members


def _column(edges: RowEdges[Any], name: str) -> list[Any]:
    try:
        return edges.column(name)
    except KeyError as unread:
        raise FallBack from unread


def _template(fields: dict[str, WritePage | None]) -> WritePage | None:
    """An object of these fields for each row; None unless each has a plan."""
    planned = [write for write in fields.values() if write is not None]
    if len(planned) < len(fields) or not planned:
        return None
    template = template_of(dict.fromkeys(fields, "%s"))
    return lambda edges: [
        template % shown for shown in zip(*(write(edges) for write in planned), strict=True)
    ]


def _present(kind: GraphQLOutputType) -> GraphQLOutputType:
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def _definition(kind: GraphQLOutputType) -> StrawberryObjectDefinition | None:
    found = kind.extensions.get(DEFINITION) if isinstance(kind, GraphQLObjectType) else None
    return found if isinstance(found, StrawberryObjectDefinition) else None
