"""Lists of objects written column by column: the same answer as graphql-core's, in a fraction of its time.

graphql-core completes one field of one row at a time, some 7 microseconds each: most of what a page of rows
would cost. Here a list whose rows only show what they hold becomes its JSON at once, a `msgspec.Raw` that the
endpoint's encoder puts into the answer as it is: nothing is made for a row but its text. Which rows those are
is in `page_plans` and `row_plans`; all others, and every row that is not as it should be, are left to
graphql-core, with its errors.
"""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeAlias

import msgspec
from graphql import (
    FieldNode,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    OperationDefinitionNode,
)
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from aurora_api.fast_lists.columns import FallBack, Subfields
from aurora_api.fast_lists.page_plans import compile_page
from aurora_api.fast_lists.row_plans import compile_items
from aurora_api.schema.pagination import RowEdges

WriteList: TypeAlias = Callable[[Any], list[Any]]
MakePlan: TypeAlias = Callable[[GraphQLList[GraphQLOutputType], list[FieldNode], Subfields], WriteList | None]
Plans: TypeAlias = dict[tuple[int, ...], WriteList | None]

KEPT_OPERATIONS: Final = 256
# By the id of the operation, which is kept too, so that no other gets its id. Operations are parsed once and
# kept by the cache of documents, oldest out first, here as there.
_kept: OrderedDict[int, tuple[OperationDefinitionNode, Plans]] = OrderedDict()


class FlatRows(StrawberryGraphQLCoreExecutionContext):
    """The execution of one operation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as graphql-core has it
        super().__init__(*args, **kwargs)
        # An extension that looks at each field's resolving must see each field.
        self._allowed = not getattr(self.middleware_manager, "middlewares", None)
        # With variables a directive may select other fields next time.
        self._plans: Plans = {} if self.variable_values and self._has_directives() else _plans(self.operation)

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,  # noqa: ANN401 - whatever the resolver gave
    ) -> AwaitableOrValue[Any]:
        """The list as the answer shows it: its JSON, or what graphql-core makes of it."""
        if self._allowed and result:
            # What is unusual goes the long way, for its errors; a row's methods see only their object.
            with suppress(FallBack, UnicodeEncodeError):
                if type(result) is RowEdges and (write := self._plan(compile_page, return_type, field_nodes)):
                    return _json(write(result))
                if type(result) is list and (write := self._plan(compile_items, return_type, field_nodes)):
                    return _json(write(result))
        return super().complete_list_value(return_type, field_nodes, info, path, result)

    def _plan(
        self, make: MakePlan, return_type: GraphQLList[GraphQLOutputType], field_nodes: list[FieldNode]
    ) -> WriteList | None:
        """How to write this list, None when it cannot be; found once for all lists of the same fields."""
        key = (id(make), id(return_type), *map(id, field_nodes))
        if key not in self._plans:
            self._plans[key] = make(return_type, field_nodes, self._subfields)
        return self._plans[key]

    def _subfields(
        self, object_type: GraphQLObjectType, field_nodes: list[FieldNode]
    ) -> dict[str, list[FieldNode]]:
        """The fields by their name in the answer: fragments spread, `@skip` and `@include` obeyed."""
        return self.collect_subfields(object_type, field_nodes)

    def _has_directives(self) -> bool:
        """Whether a directive stands anywhere in the text the operation came from."""
        location = self.operation.loc
        return location is None or "@" in location.source.body


def _plans(operation: OperationDefinitionNode) -> Plans:
    """The plans of this operation so far, of this execution and earlier ones."""
    known = _kept.get(id(operation))
    if known is None:
        known = _kept[id(operation)] = (operation, {})
        while len(_kept) > KEPT_OPERATIONS:
            _kept.popitem(last=False)
    return known[1]


def _json(items: list[Any]) -> msgspec.Raw:
    return msgspec.Raw(f"[{','.join(map(str, items))}]".encode())
