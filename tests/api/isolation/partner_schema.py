"""What the schema lets a partner ask for: root fields, arguments that could name something, all of a type."""

from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    get_named_type,
    is_required_argument,
)

from aurora_api.access.principal import ROLE_CAPABILITIES, UserRole
from aurora_api.schema.permissions import permissions_of
from aurora_api.service.schema import schema

CORE = schema._schema
# Scalars that cannot name a thing of somebody's: numbers and moments. Any other one might.
NAMELESS = {"Int", "Float", "Boolean", "Ordinal", "Bps", "Amount", "DateTime", "Date"}
# Nested pages are asked in this size: the books of these tests have more, so that there are cursors.
NESTED = 3


def may_ask(type_name: str, field_name: str) -> bool:
    """Whether a partner may select this field."""
    return permissions_of(CORE)[f"{type_name}.{field_name}"] in ROLE_CAPABILITIES[UserRole.PARTNER]


def roots() -> dict[str, GraphQLField]:
    """The root fields that a partner may ask for, by `Query.name` or `Mutation.name`."""
    return {
        f"{kind.name}.{name}": field
        for kind in (CORE.query_type, CORE.mutation_type)
        if kind is not None
        for name, field in kind.fields.items()
        if may_ask(kind.name, name)
    }


def node_types() -> set[str]:
    """Every type with a global id."""
    return {each.name for each in CORE.get_possible_types(CORE.type_map["Node"])}  # type: ignore[arg-type]


def naming_arguments() -> set[str]:
    """Where a partner may write what could name a thing: `Query.partner.partnerCode`, `Type.field.after`."""
    found: set[str] = set()
    for path, field in roots().items():
        found.update(_arguments(path, field))
        for kind in _reachable(field):
            for name, each in kind.fields.items():
                if may_ask(kind.name, name):
                    found.update(_arguments(f"{kind.name}.{name}", each))
    return found


def _arguments(path: str, field: GraphQLField) -> Iterator[str]:
    for name, argument in field.args.items():
        yield from _leaves(f"{path}.{name}", argument.type)


def _leaves(path: str, kind: GraphQLInputType) -> Iterator[str]:
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        for name, each in named.fields.items():
            yield from _leaves(f"{path}.{name}", each.type)
    elif isinstance(named, GraphQLScalarType) and named.name not in NAMELESS:
        yield path


def _reachable(field: GraphQLField) -> list[GraphQLObjectType]:
    found: dict[str, GraphQLObjectType] = {}
    waiting = [get_named_type(field.type)]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            waiting += CORE.get_possible_types(kind)
        elif isinstance(kind, GraphQLObjectType) and kind.name not in found:
            found[kind.name] = kind
            waiting += [get_named_type(f.type) for n, f in kind.fields.items() if may_ask(kind.name, n)]
    return list(found.values())


def selection_of(path: str) -> str:
    """All that a partner may select of a root field's answer, to the last leaf."""
    answer = get_named_type(roots()[path].type)
    return "{ __typename }" if answer.name == "Node" else everything(answer.name)


def everything(type_name: str) -> str:
    """All that a partner may select of a type, pages in it included."""
    kind = CORE.type_map[type_name]
    if isinstance(kind, GraphQLUnionType):
        parts = [f"... on {each.name} {everything(each.name)}" for each in kind.types]
        return "{ __typename " + " ".join(parts) + " }"
    if not isinstance(kind, GraphQLObjectType):
        return ""
    asked = []
    for name, field in kind.fields.items():
        if may_ask(type_name, name):
            page = f"(first: {NESTED})" if "first" in field.args else ""
            asked.append(f"{name}{page} {everything(get_named_type(field.type).name)}".strip())
    return "{ __typename " + " ".join(asked) + " }"


def required_arguments(field: GraphQLField) -> list[str]:
    """Arguments that cannot be left out."""
    return [name for name, each in field.args.items() if is_required_argument(each)]
