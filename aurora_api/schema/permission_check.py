"""The check of a query against what its caller may do, as a whole and before anything of it is executed.

Which field needs what is in `permissions.py`. What a document needs is worked out once and kept: whoever asks
with the same document is then only compared with it.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

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

from aurora_api.access.principal import Capability
from aurora_api.problems import Code, Problem
from aurora_api.schema.permissions import needed_capability

KEPT_DOCUMENTS: Final = 512
_META: Final = {
    "__schema": Capability.SIGNED_IN,
    "__type": Capability.SIGNED_IN,
    "__typename": Capability.PUBLIC,
}


class PermissionCheck(SchemaExtension):
    """Refuses a document that asks for more than its caller may; a caller without a token, for anything else.

    Nobody without a token is told what is valid: only root fields that are PUBLIC are looked at.
    """

    def on_validate(self) -> Iterator[None]:
        """Look at the document before and after it is validated. Raises Problem."""
        execution = self.execution_context
        document, operation = execution.graphql_document, execution.context.operation_name
        principal = execution.context.principal
        if principal is None and (document is None or not is_public(document)):
            raise Problem(
                Code.UNAUTHENTICATED, "sign in with login, and send Authorization: Bearer <accessToken>"
            )
        yield
        if principal is None or document is None or execution.pre_execution_errors:
            return
        needed = needed_by(execution.schema._schema, document, operation)
        missing = {which: where for which, where in needed.items() if which not in principal.capabilities}
        if missing:
            which, where = min(missing.items())
            raise Problem(
                Code.FORBIDDEN,
                f"{where} needs {which.value}, which you do not have; leave it out, or ask an administrator",
            )


def is_public(document: DocumentNode) -> bool:
    """Whether every operation asks for PUBLIC root fields alone, named one by one."""
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    roots = [
        isinstance(selection, FieldNode)
        and needed_capability(operation.operation.value.title(), selection.name.value) is Capability.PUBLIC
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
        self._fragments = fragments
        self._seen: set[str] = set()

    def select(self, parent: GraphQLNamedType | None, selections: SelectionSetNode | None) -> None:
        """Whatever is selected of `parent`, and below it."""
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                self._field(parent, selection)
            elif isinstance(selection, FragmentSpreadNode):
                self._spread(selection.name.value)
            else:
                condition = getattr(selection, "type_condition", None)
                narrowed = self._schema.get_type(condition.name.value) if condition else parent
                self.select(narrowed, getattr(selection, "selection_set", None))

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
        needed = needed_capability(parent.name, name)
        if needed is None:
            raise Problem(Code.FORBIDDEN, f"nobody may ask for {parent.name}.{name}")
        self.needed.setdefault(needed, f"{parent.name}.{name}")
        self.select(get_named_type(parent.fields[name].type), field.selection_set)
