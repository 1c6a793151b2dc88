"""Temporary tables that stand for the books in one session, so that the pipeline's own SQL can be replayed.

Each has the columns of a booked table; statements are pointed at them by name, and one that would still read
from the books is refused. PostgreSQL drops them with the session; the books are only ever read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql
from psycopg.rows import dict_row

from aurora_assets.pipeline.discrepancy import Discrepancy, pair_rows
from aurora_resources.errors import WarehouseError
from aurora_resources.warehouse import tables
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.tables import Table

_AGREED: Final = frozenset({"registry.wallets", "registry.partner_wallets"})
"""What a replay takes from the books as it stands: who introduced which wallet."""

_BOOK = re.compile(r"\b(registry|staging|canonical|computation)\.(\w+)")


@dataclass(frozen=True, slots=True)
class ReplayTable:
    """A booked table and what of it is compared. `key` names a row within `slice_by`, together unique."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    slice_by: tuple[str, ...]
    ignored: tuple[str, ...] = ()

    @property
    def booked(self) -> sql.Identifier:
        """The booked table, quoted."""
        return sql.Identifier(*self.table.split("."))

    @property
    def scratch(self) -> sql.Identifier:
        """Its temporary counterpart, quoted."""
        return sql.Identifier("pg_temp", self.table.replace(".", "_"))


def _canonical(table: Table) -> ReplayTable:
    """Facts are compared by chain and period."""
    slice_by = ("chain_id", "period_id")
    key = tuple(column for column in (*table.slice_by, *table.key) if column not in slice_by)
    return ReplayTable(table.full_name, table.written, key, slice_by)


def _computed(table: Table) -> ReplayTable:
    # A statement's status is moved on by people, and its total stays.
    ignored = ("status",) if table is tables.COMMISSION_STATEMENTS else ()
    return ReplayTable(table.full_name, table.written, table.key, table.slice_by, ignored)


PERIODS: Final = _canonical(tables.PERIODS)
CANONICAL: Final[Mapping[Table, ReplayTable]] = {table: _canonical(table) for table in tables.FACT_TABLES}
COMPUTED: Final[Mapping[str, ReplayTable]] = {
    table.name: _computed(table) for table in tables.COMPUTED_TABLES
}
GENERATIONS: Final = ReplayTable(
    tables.GENERATIONS.full_name,
    ("chain_id", "period_id", "is_current", "dataset", "content_digest", "row_count", "based_on"),
    ("dataset",),
    ("chain_id", "period_id", "is_current"),
)
TWINS: Final = (PERIODS, *CANONICAL.values(), *COMPUTED.values(), GENERATIONS)
_REPLACED: Final = {twin.table for twin in TWINS} - {GENERATIONS.table}
"""What statements read in scratch; which generation is in force is never a replay's business."""


class Scratch:
    """The temporary tables of one session, empty at the start of every transaction."""

    ROWS_SHOWN: Final = 1000
    """Of one table and period at most so many differing rows are looked at one by one."""

    def __init__(self, connection: DbConnection) -> None:
        """`connection` is in autocommit and may write still: these tables are the last that it makes."""
        self._connection = connection
        for twin in TWINS:
            connection.execute(
                sql.SQL(
                    "create temporary table {name} on commit delete rows as"
                    " select {columns} from {booked} with no data"
                ).format(
                    name=sql.Identifier(twin.table.replace(".", "_")),
                    columns=_listed(twin.columns),
                    booked=twin.booked,
                )
            )

    def sql(self, name: str) -> str:
        """The statement of that name, reading from and writing to scratch.

        Raises WarehouseError for one that would read a booked table a replay must make itself.
        """

        def pointed(found: re.Match[str]) -> str:
            table = found[0].removesuffix("_current")
            if table in _REPLACED:
                return f"pg_temp.{table.replace('.', '_')}"
            if found[0] in _AGREED:
                return found[0]
            raise WarehouseError(f"{name} reads {found[0]}, which a replay may not take from the books")

        return _BOOK.sub(pointed, read_query(name))

    def load(self, twin: ReplayTable, rows: Iterable[Sequence[object]]) -> int:
        """Add rows, in the order of the table's columns; how many they were."""
        statement = sql.SQL("copy {table} ({columns}) from stdin").format(
            table=twin.scratch, columns=_listed(twin.columns)
        )
        count = 0
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count

    def compare(
        self, twin: ReplayTable, period_id: int, slice_values: Sequence[object]
    ) -> tuple[list[Discrepancy], int]:
        """What differs between the booked slice and scratch, and how many differing rows were left off."""
        compared = [column for column in twin.columns if column not in twin.ignored]
        statement = sql.SQL(
            "with booked as (select {columns} from {booked} where {where}),"
            " replayed as (select {columns} from {scratch}),"
            " differing as ("
            " (select true as is_booked, * from (table booked except all table replayed) as ours)"
            " union all"
            " (select false, * from (table replayed except all table booked) as theirs))"
            " select count(*) over () as differing, * from differing order by {order} limit {limit}"
        ).format(
            columns=_listed(compared),
            booked=twin.booked,
            scratch=twin.scratch,
            where=sql.SQL(" and ").join(
                sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder())
                for column in twin.slice_by
            ),
            order=_listed((*twin.key, "is_booked")),
            limit=sql.Literal(self.ROWS_SHOWN),
        )
        with self._connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement, list(slice_values)).fetchall()
        left_off = rows[0].pop("differing") - len(rows) if rows else 0
        if left_off:
            # The last row's counterpart may be among those left off.
            rows, left_off = rows[:-1], left_off + 1
        sides: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        for row in rows:
            row.pop("differing", None)
            sides[row.pop("is_booked")].append(row)
        return list(pair_rows(period_id, twin.table, twin.key, sides[True], sides[False])), left_off


def _listed(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
