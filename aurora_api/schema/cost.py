"""What a query can cost at most, by the pages it asks for: how many values its answer could hold.

Each selected field counts once for every row it can stand in: `first` rows of a connection, times those of
the connection around it. It is counted with the caller's variables, before anything is executed.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_operation_ast,
    is_composite_type,
    visit,
)
from strawberry.extensions import SchemaExtension

from aurora_api.problems import Code, Problem
from aurora_api.schema.pagination import PAGE_MAX

COST_MAX: Final = 100_000
# What a list of objects that is not paged is taken to hold: rules, tiers, chains.
LIST_ROWS: Final = 10
KEPT_DOCUMENTS: Final = 512
_PAGE_SIZE: Final = "first"


class CostLimit(SchemaExtension):
    """Refuses an operation whose answer could hold too many values."""

    def on_validate(self) -> Iterator[None]:
        """Count once the document is known to be valid. Raises Problem."""
        yield
        execution = self.execution_context
        document = execution.graphql_document
        if document is None or execution.pre_execution_errors:
            return
        cost = count_cost(
            execution.schema._schema,
            document,
            execution.context.operation_name,
            execution.variables or {},
        )
        if cost > COST_MAX:
            raise Problem(
                Code.LIMIT_EXCEEDED,
                f"the answer could hold {cost} values, more than {COST_MAX}; ask for smaller pages (first), "
                "for fewer fields, or for one after the other",
            )


def count_cost(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    variables: Mapping[str, Any],
) -> int:
    """How many values the answer to a valid operation could hold; 0 when there is no such operation."""
    pages = tuple(
        (name, _number(variables.get(name))) for name in _page_variables(document) if name in variables
    )
    return _count(schema, document, operation_name, pages)


@lru_cache(maxsize=KEPT_DOCUMENTS)
def _page_variables(document: DocumentNode) -> frozenset[str]:
    """The variables that say how large a page is."""
    found = _PageVariables()
    visit(document, found)
    return frozenset(found.names)


class _PageVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        """One argument of a field or a directive."""
        if node.name.value == _PAGE_SIZE and isinstance(node.value, VariableNode):
            self.names.add(node.value.name.value)


def _number(value: object) -> int | None:
    """The value if it is a whole number; what is none counts as the most."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# The same document with pages of the same sizes costs the same: a portal asks few, again and again.
@lru_cache(maxsize=KEPT_DOCUMENTS)
def _count(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation_name: str | None,
    pages: tuple[tuple[str, int | None], ...],
) -> int:
    operation = get_operation_ast(document, operation_name)
    if operation is None:
        return 0
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    walk = _Walk(schema, fragments, _defaults(operation) | dict(pages))
    return walk.count(schema.get_root_type(operation.operation), operation.selection_set, None)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """The whole numbers that variables have unless they are given."""
    return {
        each.variable.name.value: int(each.default_value.value)
        for each in operation.variable_definitions
        if isinstance(each.default_value, IntValueNode)
    }


class _Walk:
    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables

    def count(
        self, parent: GraphQLNamedType | None, selections: SelectionSetNode | None, page: int | None
    ) -> int:
        """The values below one object; its lists hold `page` rows if it is a page itself."""
        total = 0
        for selection in selections.selections if selections else ():
            if isinstance(selection, FieldNode):
                total += self._field(parent, selection, page)
            elif isinstance(selection, FragmentSpreadNode):
                fragment = self._fragments[selection.name.value]
                total += self.count(self._narrowed(fragment, parent), fragment.selection_set, page)
            elif isinstance(selection, InlineFragmentNode):
                total += self.count(self._narrowed(selection, parent), selection.selection_set, page)
        return total

    def _field(self, parent: GraphQLNamedType | None, node: FieldNode, page: int | None) -> int:
        name = node.name.value
        if name.startswith("__") or not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return 1
        field = parent.fields[name]
        kind = get_named_type(field.type)
        if not is_composite_type(kind):
            return 1
        asked = (
            self._page_size(node, field.args[_PAGE_SIZE].default_value) if _PAGE_SIZE in field.args else None
        )
        if not _is_list(field.type):
            # A connection: its edges are the rows.
            return 1 + self.count(kind, node.selection_set, asked)
        rows = next(rows for rows in (asked, page, LIST_ROWS) if rows is not None)
        return 1 + rows * self.count(kind, node.selection_set, None)

    def _page_size(self, node: FieldNode, default: Any) -> int:  # noqa: ANN401 - as the schema has it
        """How many rows `first` asks for; what is no whole number counts as the most; it is refused."""
        size = default
        for argument in node.arguments:
            if argument.name.value == _PAGE_SIZE:
                value = argument.value
                if isinstance(value, VariableNode):
                    size = self._variables.get(value.name.value, default)
                else:
                    size = int(value.value) if isinstance(value, IntValueNode) else PAGE_MAX
        if isinstance(size, bool) or not isinstance(size, int):
            return PAGE_MAX
        return max(1, size)

    def _narrowed(
        self, fragment: FragmentDefinitionNode | InlineFragmentNode, parent: GraphQLNamedType | None
    ) -> GraphQLNamedType | None:
        condition = fragment.type_condition
        return parent if condition is None else self._schema.get_type(condition.name.value)


def _is_list(kind: GraphQLOutputType) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
