"""Replace one (chain, period) slice of a table, and only if it changed.

Rows are copied into a temporary table and compared there; an unchanged slice is left alone, a changed one is
deleted and inserted in the caller's transaction, so that readers see the old slice or the new one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql


@dataclass(frozen=True, slots=True)
class SliceTable:
    """A table that is replaced slice by slice. `columns` are all of its columns, slice keys first."""

    schema: str
    name: str
    columns: tuple[str, ...]
    slice_by: tuple[str, ...] = ("chain_id", "period_id")

    @property
    def identifier(self) -> sql.Identifier:
        """The table, quoted."""
        return sql.Identifier(self.schema, self.name)


def replace_slice(
    connection: psycopg.Connection[Any],
    table: SliceTable,
    slice_values: Sequence[object],
    rows: Iterable[Sequence[object]],
) -> bool:
    """Make `rows` (in the order of `table.columns`) the slice's content; True if anything changed.

    The caller holds the slice's lock and the transaction. Whatever a row breaks (a check, a key) is raised
    by PostgreSQL and undoes the whole slice.
    """
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    where = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder()) for column in table.slice_by
    )
    names = {"table": table.identifier, "columns": columns, "where": where}
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists pg_temp.incoming")
        cursor.execute(
            sql.SQL(
                "create temporary table incoming (like {table} including defaults) on commit drop"
            ).format(table=table.identifier)
        )
        with cursor.copy(sql.SQL("copy incoming ({columns}) from stdin").format(columns=columns)) as copy:
            for row in rows:
                copy.write_row(row)
        changed = cursor.execute(
            sql.SQL(
                "select exists ((select {columns} from incoming) except (select {columns} from {table} where"
                " {where})) or (select count(*) from incoming) <>"
                " (select count(*) from {table} where {where})"
            ).format(**names),
            [*slice_values, *slice_values],
        ).fetchone()
        if changed is None or not changed[0]:
            return False
        cursor.execute(sql.SQL("delete from {table} where {where}").format(**names), list(slice_values))
        cursor.execute(
            sql.SQL("insert into {table} ({columns}) select {columns} from incoming").format(**names)
        )
    return True
