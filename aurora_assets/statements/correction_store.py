"""Corrections in the warehouse: released amounts are compared with the ledger in force, differences stored.

Running it again adds nothing; a further change adds the further difference. What is not known (a period with
a blocking finding, an override that waits for a person) is left alone until it is.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from aurora_assets.commission.corrections import OwedLine, TrueUpItem, new_corrections, stated_so_far
from aurora_assets.statements.content import read_lines
from aurora_assets.statements.ledger import Parties, month_of, read_ledger, read_parties
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.queries import read_query

STATEMENTS_LOCK = ("computation", "statements")
"""Held by every writer of statements, overrides and corrections: one at a time."""


@dataclass(frozen=True, slots=True)
class StoredTrueUp:
    """A correction of the statement `released_in`; `statement_id` is where it is stated, None while open."""

    item: TrueUpItem
    released_in: UUID
    statement_id: UUID | None


@dataclass(frozen=True, slots=True)
class DueCorrections:
    """Corrections to store, each with the released statement it corrects; messages on what is left alone."""

    items: tuple[tuple[TrueUpItem, UUID], ...] = ()
    left_alone: tuple[str, ...] = ()


def lock_statements(connection: psycopg.Connection[Any]) -> None:
    """Keep other writers of statements out until the caller's transaction ends."""
    connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", ["/".join(STATEMENTS_LOCK)])


def read_true_ups(connection: psycopg.Connection[Any], parties: Parties) -> tuple[StoredTrueUp, ...]:
    """Every correction of the partner on the chain."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(read_query("computation/corrections.true_ups"), parties.parameters).fetchall()
    return tuple(StoredTrueUp(_item(row, parties), row["released_in"], row["statement_id"]) for row in rows)


def find_corrections(connection: psycopg.Connection[Any], parties: Parties) -> DueCorrections:
    """The corrections that are due and not stored yet."""
    with connection.cursor(row_factory=dict_row) as cursor:
        released = cursor.execute(
            read_query("computation/statements.released_statements"), parties.parameters
        ).fetchall()
    if not released:
        return DueCorrections()
    by_month: dict[date, UUID] = {row["billing_month"]: row["statement_id"] for row in released}
    kept = read_true_ups(connection, parties)
    ledger = read_ledger(connection, parties, list(by_month))
    lines = [
        (line.owed(parties.partner, parties.chain_id), row["statement_id"])
        for row in released
        for line in read_lines(row["content"])
    ]
    stated = stated_so_far((line for line, _ in lines), (true_up.item for true_up in kept))
    sequences: dict[UUID, int] = {}
    for true_up in kept:
        line_id = true_up.item.line.line_id
        sequences[line_id] = max(true_up.item.sequence, sequences.get(line_id, 0))
    uncertain = ledger.uncertain_periods
    found = new_corrections(
        _certain(stated, uncertain), _certain(ledger.owed(parties), uncertain), ledger.undecided, sequences
    )
    origin = {true_up.item.line.line_id: true_up.released_in for true_up in kept}
    origin |= {line.line_id: statement_id for line, statement_id in lines}
    months = {period.period_id: month_of(period.ends_at) for period in ledger.periods}
    return DueCorrections(
        tuple(
            (item, origin.get(item.line.line_id) or by_month[months[item.line.period_id]]) for item in found
        ),
        (*(message for _, message in ledger.blocking), *ledger.undecided.values()),
    )


def store_corrections(connection: psycopg.Connection[Any], parties: Parties) -> int:
    """Store every correction that is due, in the caller's transaction and lock; returns their number."""
    found = find_corrections(connection, parties).items
    for item, released_in in found:
        connection.execute(
            read_query("computation/corrections.add_true_up"),
            {
                **asdict(item.line),
                **parties.parameters,
                "true_up_id": item.true_up_id,
                "sequence": item.sequence,
                "released": item.released,
                "recomputed": item.recomputed,
                "difference": item.difference,
                "cause": item.cause,
                "released_in": released_in,
            },
        )
    return len(found)


def correct_chain(warehouse: Warehouse, chain_id: str) -> dict[str, int]:
    """Store the corrections of every partner with a released statement; returns counts by partner."""
    corrected = {}
    with warehouse.transaction(STATEMENTS_LOCK) as connection:
        partners = connection.execute(
            read_query("computation/statements.partners_with_released"), {"chain_id": chain_id}
        ).fetchall()
        for (partner,) in partners:
            count = store_corrections(connection, read_parties(connection, partner, chain_id))
            if count:
                corrected[partner] = count
    return corrected


def _certain(lines: Mapping[UUID, OwedLine], uncertain: frozenset[int]) -> dict[UUID, OwedLine]:
    return {line_id: line for line_id, line in lines.items() if line.period_id not in uncertain}


def _item(row: Mapping[str, Any], parties: Parties) -> TrueUpItem:
    values = {
        **row,
        "partner_id": parties.partner,
        "chain_id": parties.chain_id,
        "amount": row["recomputed"],
    }
    line = OwedLine(**{field.name: values[field.name] for field in fields(OwedLine)})
    return TrueUpItem(row["sequence"], line, row["released"], row["cause"])
