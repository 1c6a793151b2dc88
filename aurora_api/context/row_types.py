"""How a row that the warehouse sent becomes a named tuple: by position, found out once for each query.

psycopg's own factory calls the type with names for each row, several times as slow over a page of 500.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar

from psycopg import AsyncCursor
from psycopg.rows import AsyncRowFactory, class_row

R = TypeVar("R")


def rows_of(row_type: type[R]) -> AsyncRowFactory[R]:
    """Rows of `row_type`, columns by name in any order. Raises TypeError for columns that do not fit."""

    def factory(cursor: AsyncCursor[Any]) -> Callable[[Sequence[Any]], R]:
        result = cursor.pgresult
        columns = tuple(result.fname(place) for place in range(result.nfields)) if result else ()
        make = _maker(row_type, columns)  # type: ignore[arg-type] # a class can be hashed
        return class_row(row_type)(cursor) if make is None else make

    return factory


@lru_cache(maxsize=1024)
def _maker(row_type: type[Any], columns: tuple[bytes | None, ...]) -> Callable[[Sequence[Any]], Any] | None:
    """From a row of these columns; None where only psycopg's factory knows, or can say what is wrong."""
    fields: tuple[str, ...] = getattr(row_type, "_fields", ())
    names = tuple((column or b"").decode() for column in columns)
    if not fields or sorted(names) != sorted(fields):
        return None
    make: Callable[[Sequence[Any]], Any] = row_type._make
    if names == fields:
        return make
    in_order = itemgetter(*map(names.index, fields))
    return lambda values: make(in_order(values))


@lru_cache(maxsize=1024)
def row_type_of(columns: tuple[str, ...]) -> type[Any]:
    """A named tuple of just these columns: any other cannot be read from it by mistake."""
    return namedtuple("Row", columns)


@lru_cache(maxsize=1024)
def select_columns(query: str, columns: tuple[str, ...]) -> bytes:
    """The query with these of its columns, which are Aurora's own words, and in its own order.

    PostgreSQL leaves out what only the other columns need, and keeps the order of an ordered subquery that it
    does nothing but select from.
    """
    return f"select {', '.join(columns)}\nfrom (\n{query}\n) as whole".encode()
