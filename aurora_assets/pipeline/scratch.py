"""Temporary tables that stand for the ledger's in one session, so that a replay runs the pipeline's own SQL.

The statements that booking runs name their tables without a schema. In this session the search path is
pg_temp alone: they find the temporary tables made here, and any other table is an error of PostgreSQL. A
table named with its schema would be found nevertheless; `require_untouched` refuses a replay that read one it
must make itself, by the locks that PostgreSQL holds for the transaction. The ledger is only ever read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql
from psycopg.rows import dict_row

from aurora_assets.pipeline.discrepancy import Discrepancy, pair_rows
from aurora_resources.errors import WarehouseError
from aurora_resources.warehouse import tables
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.tables import Table

_TAKEN: Final = ("wallets", "partner_wallets")
"""Tables of the registry that a replay takes as they stand: who introduced which wallet."""

_MADE: Final = (tables.PERIODS, *tables.FACT_TABLES, *tables.COMPUTED_TABLES)
"""Tables that a replay makes itself."""

_READ: Final = frozenset({tables.RULE_HISTORIES})
"""Of these, what is read in the ledger: what rules remember from before the first period of a replay."""


@dataclass(frozen=True, slots=True)
class ReplayTable:
    """A table of the ledger and what of it is compared. `slice_by` and `key` together name one row."""

    table: Table
    columns: tuple[str, ...]
    key: tuple[str, ...]
    slice_by: tuple[str, ...]
    ignored: tuple[str, ...] = ()

    @property
    def scratch(self) -> sql.Identifier:
        """Its temporary counterpart, quoted; a name of two schemas stands for neither of them alone."""
        name = self.table.name
        unique = Counter(table.name for table in tables.TABLES)[name] == 1
        return sql.Identifier("pg_temp", name if unique else f"{self.table.schema}_{name}")


def _facts(table: Table) -> ReplayTable:
    """Facts are compared by chain and period."""
    slice_by = ("chain_id", "period_id")
    key = tuple(column for column in (*table.slice_by, *table.key) if column not in slice_by)
    return ReplayTable(table, table.written, key, slice_by)


def _computed(table: Table) -> ReplayTable:
    # A statement's status is moved on by people, and its total stays.
    ignored = ("status",) if table is tables.COMMISSION_STATEMENTS else ()
    return ReplayTable(table, table.written, table.key, table.slice_by, ignored)


PERIODS: Final = _facts(tables.PERIODS)
CANONICAL: Final[Mapping[Table, ReplayTable]] = {table: _facts(table) for table in tables.FACT_TABLES}
COMPUTED: Final[Mapping[str, ReplayTable]] = {
    table.name: _computed(table) for table in tables.COMPUTED_TABLES
}
GENERATIONS: Final = ReplayTable(
    tables.GENERATIONS,
    ("chain_id", "period_id", "is_current", "dataset", "content_digest", "row_count", "based_on"),
    ("dataset",),
    ("chain_id", "period_id", "is_current"),
)


class Scratch:
    """The temporary tables of one session, empty at the start of every transaction."""

    ROWS_SHOWN: Final = 1000
    """Of one table and period at most so many differing rows are looked at one by one."""

    def __init__(self, connection: DbConnection) -> None:
        """`connection` is in autocommit and may write still: these tables are the last that it makes."""
        self._connection = connection
        for known in (PERIODS, *CANONICAL.values(), *COMPUTED.values(), GENERATIONS):
            connection.execute(
                sql.SQL(
                    "create temporary table {scratch} on commit delete rows as"
                    " select {columns} from {booked} with no data"
                ).format(scratch=known.scratch, columns=_listed(known.columns), booked=known.table.identifier)
            )
        for name in _TAKEN:
            connection.execute(
                sql.SQL("create temporary view {} with (security_invoker = true) as select * from {}").format(
                    sql.Identifier(name), sql.Identifier("registry", name)
                )
            )
        connection.execute(
            "create temporary view validator_pnl_current with (security_invoker = true) as"
            " select * from pg_temp.validator_pnl"
        )
        connection.execute("set search_path to pg_temp")

    def load(self, known: ReplayTable, rows: Iterable[Sequence[object]]) -> int:
        """Add rows, in the order of the table's columns; how many they were."""
        statement = sql.SQL("copy {table} ({columns}) from stdin").format(
            table=known.scratch, columns=_listed(known.columns)
        )
        count = 0
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count

    def require_untouched(self) -> None:
        """Raises WarehouseError when this transaction has read a booked table that a replay makes itself.

        PostgreSQL holds a lock on every table that was read, through a view too, until the end of it.
        """
        names = [table.full_name for table in _MADE if table not in _READ]
        touched = self._connection.execute(
            "select distinct relation::regclass::text from pg_locks where pid = pg_backend_pid()"
            " and relation = any(%s::text[]::regclass[]) order by 1",
            [names],
        ).fetchall()
        if touched:
            named = ", ".join(name for (name,) in touched)
            raise WarehouseError(f"the replay read {named}, which it may not take from the ledger")

    def compare(
        self, known: ReplayTable, period_id: int, slice_values: Sequence[object]
    ) -> tuple[list[Discrepancy], int]:
        """What differs between the booked slice and scratch, and how many differing rows were left off."""
        compared = [column for column in known.columns if column not in known.ignored]
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
            booked=known.table.identifier,
            scratch=known.scratch,
            where=sql.SQL(" and ").join(
                sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder())
                for column in known.slice_by
            ),
            order=_listed((*known.key, "is_booked")),
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
        name = known.table.full_name
        return list(pair_rows(period_id, name, known.key, sides[True], sides[False])), left_off


def _listed(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
