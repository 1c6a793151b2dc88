"""Permissions: each field declares the capability it needs, and a document is checked before it is executed.

`@requires` on a type holds for its fields; a field's own `@requires` goes before it. Root fields always have
their own. The page types of a connection need what their rows need. A schema with a field that has no
permission is not served. What a document needs is computed once and cached.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema_directive import Location
from strawberry.types.base import StrawberryObjectDefinition, has_object_definition
from strawberry.types.field import StrawberryField

from aurora_api.problems import Code, Problem
from aurora_api.schema.enums import Capability

KEPT_DOCUMENTS: Final = 512
_META: Final = {
    "__schema": Capability.SIGNED_IN,
    "__type": Capability.SIGNED_IN,
    "__typename": Capability.PUBLIC,
}
_DEFINITION: Final = "strawberry-definition"


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.INTERFACE, Location.FIELD_DEFINITION],
    description="The capability that a caller needs to select the field. On a type: for each of its fields "
    "that does not declare its own.",
)
class Requires:
    """The directive `@requires`."""

    capability: Capability


def requires(capability: Capability) -> list[object]:
    """The `directives` of a field or type that needs this capability."""
    return [Requires(capability=capability)]


@lru_cache(maxsize=8)
def permissions_of(schema: GraphQLSchema) -> Mapping[str, Capability | None]:
    """The capability of each field by `Type.field`; None for a field that has no permission."""
    roots = {schema.query_type, schema.mutation_type}
    permissions: dict[str, Capability | None] = {}
    for name, kind in sorted(schema.type_map.items()):
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or name.startswith("__"):
            continue
        of_type = None if kind in roots else _of_type(kind.extensions.get(_DEFINITION))
        for field_name, field in kind.fields.items():
            definition = field.extensions.get(_DEFINITION)
            own = _declared(definition.directives) if isinstance(definition, StrawberryField) else None
            permissions[f"{name}.{field_name}"] = own or of_type
    return permissions


def fields_without_permission(schema: GraphQLSchema) -> list[str]:
    """`Type.field` of each field without a permission; empty for a schema that may be served."""
    return [name for name, capability in permissions_of(schema).items() if capability is None]


def _of_type(definition: object) -> Capability | None:
    """What the type declares; of a connection and its edges, what the type of their rows declares."""
    if not isinstance(definition, StrawberryObjectDefinition):
        return None
    own = _declared(definition.directives or ())
    if own is not None:
        return own
    rows = [each for each in definition.type_var_map.values() if has_object_definition(each)]
    return _declared(rows[0].__strawberry_definition__.directives or ()) if rows else None


def _declared(directives: Sequence[object]) -> Capability | None:
    return next((each.capability for each in directives if isinstance(each, Requires)), None)


class PermissionCheck(SchemaExtension):
    """Refuses a document with a field that its caller may not select, before anything of it is executed.

    Without a token only documents of PUBLIC root fields are validated: the schema stays hidden.
    """

    def on_validate(self) -> Iterator[None]:
        """Check the document before and after its validation. Raises Problem."""
        execution = self.execution_context
        document, operation = execution.graphql_document, execution.context.operation_name
        principal = execution.context.principal
        schema = execution.schema._schema
        if principal is None and (document is None or not is_public(schema, document)):
            raise Problem(
                Code.UNAUTHENTICATED, "sign in with login, and send Authorization: Bearer <accessToken>"
            )
        yield
        if principal is None or document is None or execution.pre_execution_errors:
            return
        needed = needed_by(schema, document, operation)
        missing = {which: where for which, where in needed.items() if which not in principal.capabilities}
        if missing:
            which, where = min(missing.items())
            raise Problem(
                Code.FORBIDDEN,
                f"{where} needs {which.value}, which you do not have; leave it out, or ask an administrator",
            )


def is_public(schema: GraphQLSchema, document: DocumentNode) -> bool:
    """Whether every operation selects PUBLIC root fields only, without fragments."""
    permissions = permissions_of(schema)
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    roots = [
        isinstance(selection, FieldNode)
        and permissions.get(f"{operation.operation.value.title()}.{selection.name.value}")
        is Capability.PUBLIC
        for operation in operations
        for selection in operation.selection_set.selections
    ]
    return bool(roots) and all(roots)


@lru_cache(maxsize=KEPT_DOCUMENTS)
def needed_by(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None
) -> Mapping[Capability, str]:
    """What the operation (None: each of the document) needs, each with a field that needs it.

    The document is a valid one. A field counts whether or not a directive would leave it out.
    """
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    walk = _Walk(schema, fragments)
    for each in document.definitions:
        if not isinstance(each, OperationDefinitionNode):
            continue
        if operation_name in {None, each.name.value if each.name else None}:
            walk.select(schema.get_root_type(each.operation), each.selection_set)
    return walk.needed


class _Walk:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.needed: dict[Capability, str] = {}
        self._schema = schema
        self._permissions = permissions_of(schema)
        self._fragments = fragments
        self._seen: set[str] = set()

    def select(self, parent: GraphQLNamedType | None, selections: SelectionSetNode | None) -> None:
        """Add what the selected fields of `parent` need, and the fields below them."""
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                self._field(parent, selection)
            elif isinstance(selection, FragmentSpreadNode):
                self._spread(selection.name.value)
            else:
                condition = getattr(selection, "type_condition", None)
                scoped = self._schema.get_type(condition.name.value) if condition else parent
                self.select(scoped, getattr(selection, "selection_set", None))

    def _spread(self, name: str) -> None:
        # Each fragment has one type, so that once is enough.
        if name not in self._seen:
            self._seen.add(name)
            fragment = self._fragments[name]
            self.select(self._schema.get_type(fragment.type_condition.name.value), fragment.selection_set)

    def _field(self, parent: GraphQLNamedType | None, field: FieldNode) -> None:
        name = field.name.value
        if name.startswith("__"):
            self.needed.setdefault(_META[name], name)
            return
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            raise Problem(Code.GRAPHQL_VALIDATION_FAILED, f"{name} is not a field of anything known")
        needed = self._permissions.get(f"{parent.name}.{name}")
        if needed is None:
            raise Problem(Code.FORBIDDEN, f"nobody may select {parent.name}.{name}")
        self.needed.setdefault(needed, f"{parent.name}.{name}")
        self.select(get_named_type(parent.fields[name].type), field.selection_set)
