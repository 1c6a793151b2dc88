"""What a query may ask for at most, so that a small text cannot cause boundless work.

Depth, aliases and tokens are counted by Strawberry's extensions. They follow every fragment wherever it is
spread, which nested fragments multiply without end: `DocumentLimit` refuses such a document before them.
"""

from collections.abc import Iterator
from typing import Final

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
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

from aurora_api.errors import Code, Problem

DEPTH_MAX: Final = 12
ALIASES_MAX: Final = 15
TOKENS_MAX: Final = 2000
SELECTIONS_MAX: Final = 2000
CACHED_DOCUMENTS: Final = 256

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


def count_selections(document: DocumentNode) -> int:
    """How many selections the document has with every fragment written out. Raises Problem for a loop."""
    fragments = {
        definition.name.value: definition.selection_set
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    known: dict[str, int | None] = {}

    def count_fragment(name: str) -> int:
        if name not in fragments:
            return 0  # validation names it
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
