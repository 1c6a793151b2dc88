"""What a query may ask for at most, so that a small text cannot cause boundless work.

What the pages of a query come to is in `cost.py`. Depth, aliases and tokens are counted by Strawberry's
extensions. They follow every fragment wherever it is spread, which nested fragments multiply without end:
`DocumentLimit` refuses such a document before them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    get_operation_ast,
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

DEPTH_MAX: Final = 12
ALIASES_MAX: Final = 15
TOKENS_MAX: Final = 2000
SELECTIONS_MAX: Final = 2000
CACHED_DOCUMENTS: Final = 256
QUERY_SECONDS: Final = 20.0
SEVERAL: Final = "(several)"

# Made once: the cache of validated documents is kept by these very rules.
_RULES: Final = [
    *QueryDepthLimiter(max_depth=DEPTH_MAX).validation_rules,
    *MaxAliasesLimiter(max_alias_count=ALIASES_MAX).validation_rules,
]


class DocumentLimit(SchemaExtension):
    """Refuses a document of several operations without saying which, and one whose fragments are too much."""

    def on_parse(self) -> Iterator[None]:
        """Look at what was parsed. Raises Problem."""
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
    """Refuses questions about the schema, unless the service was started for those who develop against it."""

    def on_operation(self) -> Iterator[None]:
        """Add the rule to those that the document is validated by."""
        execution = self.execution_context
        if not execution.context.introspection:
            execution.validation_rules = (*execution.validation_rules, NoSchemaIntrospectionCustomRule)
        yield


class NamedOperation(SchemaExtension):
    """Tells the service what a valid operation asks, by the schema's own names, of which there are few."""

    def on_execute(self) -> Iterator[None]:
        """Name it."""
        execution = self.execution_context
        document = execution.graphql_document
        operation = document and get_operation_ast(document, execution.context.operation_name)
        if operation:
            # A fragment's name is the caller's own: whoever uses one at the root asks for several.
            fields = {
                each.name.value if isinstance(each, FieldNode) else SEVERAL
                for each in operation.selection_set.selections
            }
            execution.context.reply.operation = fields.pop() if len(fields) == 1 else SEVERAL
        yield


class QueryTimeout(SchemaExtension):
    """Gives a query up that takes too long as a whole; its statement is cancelled.

    A mutation is never given up half way: whether it was done would be unknown. Its statements have their own
    limit.
    """

    async def on_execute(self) -> AsyncIterator[None]:
        """Wait only so long. Raises TimeoutError."""
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
    """Parsed documents are kept: a portal asks the same few queries again and again."""
    return ParserCache(maxsize=CACHED_DOCUMENTS)


def cache_validated() -> SchemaExtension:
    """So is the outcome of validating them."""
    return ValidationCache(maxsize=CACHED_DOCUMENTS)
