"""Write rows of the catalogue's tables: replace a slice, or add rows to one.

Rows are copied into a temporary table first: PostgreSQL copies into no table with row-level security, and a
slice that is replaced is compared there. An unchanged slice is left alone; a changed one is deleted and
inserted in the caller's transaction, so that readers see the old slice or the new one.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.tables import Table


def replace_slice(
    connection: DbConnection,
    table: Table,
    slice_values: Sequence[object],
    rows: Iterable[Sequence[object]],
) -> bool:
    """Make `rows` (in the order of `table.written`) the slice's content; True if anything changed.

    The caller holds the slice's lock and the transaction. Whatever a row breaks (a check, a key) is raised
    by PostgreSQL and undoes the whole slice.
    """
    where = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder()) for column in table.slice_by
    )
    names = _names(table) | {"where": where}
    with connection.cursor() as cursor:
        _copy_incoming(cursor, table, rows)
        changed = cursor.execute(
            sql.SQL(
                "select exists ((select {columns} from pg_temp.incoming) except"
                " (select {columns} from {table} where {where}))"
                " or (select count(*) from pg_temp.incoming) <> (select count(*) from {table} where {where})"
            ).format(**names),
            [*slice_values, *slice_values],
        ).fetchone()
        if changed is None or not changed[0]:
            return False
        cursor.execute(sql.SQL("delete from {table} where {where}").format(**names), list(slice_values))
        _insert_incoming(cursor, table)
    return True


def add_rows(connection: DbConnection, table: Table, rows: Iterable[Sequence[object]]) -> None:
    """Add rows, in the order of `table.written`, in the caller's transaction."""
    with connection.cursor() as cursor:
        _copy_incoming(cursor, table, rows)
        _insert_incoming(cursor, table)


def _copy_incoming(cursor: psycopg.Cursor[Any], table: Table, rows: Iterable[Sequence[object]]) -> None:
    names = _names(table)
    cursor.execute("drop table if exists pg_temp.incoming")
    cursor.execute(
        sql.SQL(
            "create temporary table incoming on commit drop as select {columns} from {table} with no data"
        ).format(**names)
    )
    with cursor.copy(sql.SQL("copy pg_temp.incoming ({columns}) from stdin").format(**names)) as copy:
        for row in rows:
            copy.write_row(row)


def _insert_incoming(cursor: psycopg.Cursor[Any], table: Table) -> None:
    cursor.execute(
        sql.SQL("insert into {table} ({columns}) select {columns} from pg_temp.incoming").format(
            **_names(table)
        )
    )


def _names(table: Table) -> dict[str, sql.Composable]:
    return {
        "table": table.identifier,
        "columns": sql.SQL(", ").join(map(sql.Identifier, table.written)),
    }
