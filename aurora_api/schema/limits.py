"""What a query may ask for at most: document size, depth, aliases, time, and the cost of its pages.

Depth, aliases and tokens are counted by Strawberry's extensions. They follow every fragment wherever it is
spread, which nested fragments multiply without end: `DocumentLimit` refuses such a document before them.
The cost is the number of values that the answer can hold: each selected field counts once for every row
that it can be in, `first` rows of a connection times those of the connection around it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
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
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_named_type,
    get_operation_ast,
    is_composite_type,
    visit,
)
from strawberry.extensions import (
    AddValidationRules,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    ParserCache,
    QueryDepthLimiter,
    SchemaExtension,
    ValidationCache,
)
from strawberry.types.graphql import OperationType

from aurora_api.problems import Code, Problem
from aurora_api.schema.pagination import PAGE_MAX

DEPTH_MAX: Final = 12
ALIASES_MAX: Final = 15
TOKENS_MAX: Final = 2000
SELECTIONS_MAX: Final = 2000
CACHED_DOCUMENTS: Final = 256
QUERY_SECONDS: Final = 20.0
SEVERAL: Final = "(several)"

# Made once: they are part of the key of the cache of validated documents.
_RULES: Final = [
    *QueryDepthLimiter(max_depth=DEPTH_MAX).validation_rules,
    *MaxAliasesLimiter(max_alias_count=ALIASES_MAX).validation_rules,
]


class DocumentLimit(SchemaExtension):
    """Refuses a document of several operations without saying which, and one whose fragments are too much."""

    def on_parse(self) -> Iterator[None]:
        """Check the parsed document. Raises Problem."""
        yield
        document = self.execution_context.graphql_document
        if document is None:
            return
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        # Strawberry would answer the first one.
        if len(operations) > 1 and self.execution_context.context.operation_name is None:
            raise Problem(
                Code.BAD_REQUEST, "the query holds several operations; say which with operationName"
            )
        if count_selections(document) > SELECTIONS_MAX:
            raise Problem(
                Code.LIMIT_EXCEEDED,
                f"the query selects more than {SELECTIONS_MAX} fields with its fragments; split it",
            )


@lru_cache(maxsize=2 * CACHED_DOCUMENTS)
def count_selections(document: DocumentNode) -> int:
    """How many selections the document has with every fragment written out. Raises Problem.

    A loop of fragments, and one that is not there, are refused.
    """
    fragments = {
        definition.name.value: definition.selection_set
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    known: dict[str, int | None] = {}

    def count_fragment(name: str) -> int:
        if name not in fragments:
            # The depth is counted before validation would name it.
            raise Problem(Code.GRAPHQL_VALIDATION_FAILED, f"there is no fragment {name}; define or drop it")
        if name not in known:
            known[name] = None
            known[name] = count(fragments[name])
        counted = known[name]
        if counted is None:
            raise Problem(Code.GRAPHQL_VALIDATION_FAILED, f"fragment {name} contains itself; break the loop")
        return counted

    def count(selections: SelectionSetNode | None) -> int:
        total = 0
        for selection in selections.selections if selections else ():
            total += 1
            if isinstance(selection, FragmentSpreadNode):
                total += count_fragment(selection.name.value)
            else:
                total += count(getattr(selection, "selection_set", None))
        return total

    return sum(count(getattr(definition, "selection_set", None)) for definition in document.definitions)


class ClosedIntrospection(SchemaExtension):
    """Refuses introspection, unless the service was started in development mode."""

    def on_operation(self) -> Iterator[None]:
        """Add the rule to those that the document is validated by."""
        execution = self.execution_context
        if not execution.context.introspection:
            execution.validation_rules = (*execution.validation_rules, NoSchemaIntrospectionCustomRule)
        yield


class NamedOperation(SchemaExtension):
    """Records the root field of a valid operation, for the log and the metrics."""

    def on_execute(self) -> Iterator[None]:
        """Record it."""
        execution = self.execution_context
        document = execution.graphql_document
        operation = document and get_operation_ast(document, execution.context.operation_name)
        if operation:
            # A fragment's name is chosen by the caller: a fragment at the root counts as several fields.
            fields = {
                each.name.value if isinstance(each, FieldNode) else SEVERAL
                for each in operation.selection_set.selections
            }
            execution.context.reply.operation = fields.pop() if len(fields) == 1 else SEVERAL
        yield


class QueryTimeout(SchemaExtension):
    """Stops a query that takes too long as a whole; its statement is cancelled.

    A mutation is never stopped half way: whether it was done would be unknown. Its statements have a time
    limit of their own.
    """

    async def on_execute(self) -> AsyncIterator[None]:
        """Wait at most QUERY_SECONDS. Raises TimeoutError."""
        if self.execution_context.operation_type is not OperationType.QUERY:
            yield
            return
        async with asyncio.timeout(QUERY_SECONDS):
            yield


def limit_tokens() -> SchemaExtension:
    """The limit on the length of a document."""
    return MaxTokensLimiter(max_token_count=TOKENS_MAX)


def limit_shape() -> SchemaExtension:
    """The limits on depth and aliases."""
    return AddValidationRules(_RULES)


def cache_parsed() -> SchemaExtension:
    """The cache of parsed documents: a portal sends the same few queries again and again."""
    return ParserCache(maxsize=CACHED_DOCUMENTS)


def cache_validated() -> SchemaExtension:
    """The cache of validated documents."""
    return ValidationCache(maxsize=CACHED_DOCUMENTS)


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
    """The value if it is a whole number; anything else counts as the maximum."""
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
    walk = _CostWalk(schema, fragments, _defaults(operation) | dict(pages))
    return walk.count(schema.get_root_type(operation.operation), operation.selection_set, None)


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """The whole numbers that variables have unless they are given."""
    return {
        each.variable.name.value: int(each.default_value.value)
        for each in operation.variable_definitions
        if isinstance(each.default_value, IntValueNode)
    }


class _CostWalk:
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
                total += self.count(self._type_of(fragment, parent), fragment.selection_set, page)
            elif isinstance(selection, InlineFragmentNode):
                total += self.count(self._type_of(selection, parent), selection.selection_set, page)
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
        """How many rows `first` asks for; anything but a whole number counts as the maximum."""
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

    def _type_of(
        self, fragment: FragmentDefinitionNode | InlineFragmentNode, parent: GraphQLNamedType | None
    ) -> GraphQLNamedType | None:
        condition = fragment.type_condition
        return parent if condition is None else self._schema.get_type(condition.name.value)


def _is_list(kind: GraphQLOutputType) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
