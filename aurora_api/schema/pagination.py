"""Connections in Relay's form, read forward by keyset: a page starts right after the last row's own key.

Rows that come or go in between never shift a page. A cursor is opaque, and good only for the query and the
filters it came from: with others it would silently skip rows.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar, overload
from uuid import UUID

import msgspec
import strawberry

from aurora_api.problems import Code, Problem
from aurora_api.schema.enums import Capability
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import ORDINAL_MAX

PAGE_DEFAULT: Final = 100
PAGE_MAX: Final = 500

N = TypeVar("N")
R = TypeVar("R")

First: TypeAlias = Annotated[
    int, strawberry.argument(description=f"How many at most, 1 to {PAGE_MAX}; the page may hold fewer.")
]
After: TypeAlias = Annotated[
    str | None,
    strawberry.argument(description="Return the page after this cursor of the same query and filters."),
]


@strawberry.type(description="One row of a connection, with the cursor that the next page can start after.")
class Edge(Generic[N]):
    """A row and its cursor, which is made only for those who select it."""

    node: N
    page: strawberry.Private["Page"]
    row: strawberry.Private[object]

    @strawberry.field
    def cursor(self) -> str:
        """Where the next page can start after."""
        return self.page.cursor_of(self.row)


class RowEdges(Sequence[Edge[N]]):
    """The edges of a page whose nodes are its rows, with the same values beside each (`common`).

    An edge is made when it is accessed; the executor of `fast_lists` writes such a page from its rows. A row
    is a named tuple with the columns that the query selects, and those of the page's order.
    """

    def __init__(
        self, page: "Page", rows: Sequence[Any], kind: Callable[..., N], common: Mapping[str, Any]
    ) -> None:
        """A node is `kind(row=row, **common)`."""
        self.page, self.rows, self.kind, self.common = page, rows, kind, common

    def column(self, name: str) -> list[Any]:
        """The column of each row. Raises KeyError if it was not read."""
        return list(self._columns[name])

    @cached_property
    def _columns(self) -> dict[str, tuple[Any, ...]]:
        if not self.rows:
            return {}
        return dict(zip(self.rows[0]._fields, zip(*self.rows, strict=True), strict=True))

    @cached_property
    def nodes(self) -> list[N]:
        """The node of each row."""
        return [self.kind(row=row, **self.common) for row in self.rows]

    @overload
    def __getitem__(self, position: int) -> Edge[N]: ...
    @overload
    def __getitem__(self, position: slice) -> list[Edge[N]]: ...
    def __getitem__(self, position: int | slice) -> Edge[N] | list[Edge[N]]:
        if isinstance(position, slice):
            return [self[each] for each in range(*position.indices(len(self)))]
        return Edge(node=self.nodes[position], page=self.page, row=self.rows[position])

    def __len__(self) -> int:
        return len(self.rows)


@strawberry.type(description="Information to aid in pagination.", directives=requires(Capability.SIGNED_IN))
class PageInfo:
    """Where a page begins and ends, and whether there are more."""

    has_next_page: bool = strawberry.field(description="When paginating forwards, are there more items?")
    has_previous_page: bool = strawberry.field(description="When paginating backwards, are there more items?")
    start_cursor: str | None = strawberry.field(
        description="When paginating backwards, the cursor to continue."
    )
    end_cursor: str | None = strawberry.field(description="When paginating forwards, the cursor to continue.")


@strawberry.type(description="A page of rows in a stable order.")
class Connection(Generic[N]):
    """A page of rows."""

    edges: list[Edge[N]]
    page_info: PageInfo


@dataclass(frozen=True, slots=True)
class Keyset:
    """What a query's rows are ordered by: columns that together name one row, with their types.

    The SQL file takes them as parameters `after_<column>` (null on the first page) beside `row_limit`.
    """

    query: str
    columns: Mapping[str, type[int | str | UUID]]

    def page(self, first: int, after: str | None, filters: Mapping[str, object]) -> "Page":
        """The page asked for. Raises Problem when `first` is out of bounds or `after` is of another query."""
        if not 1 <= first <= PAGE_MAX:
            raise Problem(
                Code.LIMIT_EXCEEDED,
                f"first is {first}; ask for 1 to {PAGE_MAX} rows, and for more with after",
            )
        stamp = json.dumps([self.query, filters], sort_keys=True)
        tag = hashlib.sha256(stamp.encode()).hexdigest()[:16]
        return Page(self, first, tag, None if after is None else self._read(after, tag))

    def _read(self, cursor: str, tag: str) -> tuple[int | str, ...]:
        try:
            found = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
            known_tag, *key = found
            read = tuple(map(_read_part, key, self.columns.values()))
        except (ValueError, TypeError, RecursionError):
            raise Problem(Code.INVALID_CURSOR, "after is not a cursor; take endCursor of a page") from None
        if known_tag != tag or len(key) != len(self.columns):
            raise Problem(
                Code.INVALID_CURSOR,
                "after is a cursor of another query or other filters; repeat that query, or start without it",
            )
        return read


@dataclass(frozen=True, slots=True)
class Page:
    """One page that was asked for: at most `size` rows after the key `after`."""

    keyset: Keyset
    size: int
    tag: str
    after: tuple[int | str, ...] | None

    @property
    def parameters(self) -> dict[str, int | str | None]:
        """For the statement. One row more than the page is read, to know whether there is a next page."""
        after = self.after or (None,) * len(self.keyset.columns)
        names = (f"after_{column}" for column in self.keyset.columns)
        return {**dict(zip(names, after, strict=True)), "row_limit": self.size + 1}

    def connection(self, rows: Sequence[R], node: Callable[[R], N]) -> Connection[N]:
        """The connection of these rows, which have the key's columns as attributes."""
        return self._connection(rows, [Edge(node=node(row), page=self, row=row) for row in rows[: self.size]])

    def row_connection(self, rows: Sequence[Any], kind: Callable[..., N], **common: object) -> Connection[N]:
        """The same, of nodes that are nothing but `kind(row=row, **common)`: made only if they are needed."""
        return self._connection(rows, RowEdges(self, rows[: self.size], kind, common))

    def _connection(self, rows: Sequence[Any], edges: Sequence[Edge[N]]) -> Connection[N]:
        shown = rows[: self.size]
        return Connection(
            edges=edges,  # type: ignore[arg-type] # any sequence; a list for the schema's sake
            page_info=PageInfo(
                has_next_page=len(rows) > self.size,
                has_previous_page=self.after is not None,
                start_cursor=self.cursor_of(shown[0]) if shown else None,
                end_cursor=self.cursor_of(shown[-1]) if shown else None,
            ),
        )

    def cursor_of(self, row: object) -> str:
        """The cursor of a row that has the key's columns as attributes; None is in order where "" is."""
        parts = (getattr(row, column) for column in self.keyset.columns)
        key = ["" if part is None else part for part in parts]
        return base64.urlsafe_b64encode(msgspec.json.encode([self.tag, *key])).decode()


def _read_part(part: object, kind: type[int | str | UUID]) -> int | str:
    if kind is int and type(part) is int and 0 <= part <= ORDINAL_MAX:
        return part
    if kind is UUID and isinstance(part, str):
        return str(UUID(part))
    if kind is str and isinstance(part, str):
        return part
    raise ValueError("a part of the cursor has the wrong type")
