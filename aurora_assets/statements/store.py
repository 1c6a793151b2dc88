"""Monthly statements in the warehouse: drafts built from the books, and the way from DRAFT to PAID.

A statement is frozen when it is submitted. Approval and release build it again and refuse when the books
have moved since, so that what is released is what was approved and what is true. Files are elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from aurora_assets.commission.statement import (
    Statement,
    StatementAction,
    StatementError,
    StatementKey,
    StatementStatus,
    month_gaps,
    next_status,
    person,
    refuse_own_approval,
)
from aurora_assets.statements.books import Books, Parties, read_books, read_parties
from aurora_assets.statements.content import FrozenContent, freeze
from aurora_assets.statements.corrections import (
    DueCorrections,
    book_corrections,
    find_corrections,
    lock_statements,
    read_true_ups,
)
from aurora_resources.warehouse.queries import read_query


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """A statement as it is kept: its state, who did what, and, unless a draft, its frozen content."""

    status: StatementStatus
    number: int | None = None
    content: FrozenContent | None = None
    prepared_by: str | None = None
    submitted_at: datetime | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    released_by: str | None = None
    released_at: datetime | None = None
    paid_by: str | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement to look at: frozen, or for a draft what it would say now and what blocks it.

    `left_alone` tells of released months where a correction may be due but is not known yet.
    """

    place: StatementKey
    record: StatementRecord
    content: FrozenContent
    blockers: tuple[str, ...] = ()
    left_alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedStatement:
    """One row of the list; amounts in native units, None for a draft."""

    partner: str
    chain_id: str
    month: date
    status: str
    number: int | None
    total: int | None
    payable: int | None
    closing_balance: int | None
    native_decimals: int
    display_unit: str


def list_statements(
    connection: psycopg.Connection[Any],
    partner: str | None = None,
    chain_id: str | None = None,
    month: date | None = None,
) -> Sequence[ListedStatement]:
    """Every statement, and a draft for every month with lines, by chain, month and partner."""
    with connection.cursor(row_factory=class_row(ListedStatement)) as cursor:
        named = {"partner": partner, "chain_id": chain_id, "month": month}
        return cursor.execute(read_query("computation/statements.statement_list"), named).fetchall()


def view_statement(connection: psycopg.Connection[Any], place: StatementKey) -> StatementView:
    """The statement of that place; nothing is written. Raises StatementError when there is none."""
    parties = read_parties(connection, place.partner, place.chain_id)
    record = _record(connection, parties, place)
    if record.content is not None:
        return StatementView(place, record, record.content)
    due = find_corrections(connection, parties)
    statement, blockers = _build(connection, parties, place, due)
    return StatementView(place, record, freeze(statement), blockers, due.left_alone)


def view_frozen(connection: psycopg.Connection[Any], place: StatementKey) -> StatementView | None:
    """The statement as it was submitted; None for a draft, which needs nothing but the books to be seen.

    Raises PartiesUnknown.
    """
    record = _record(connection, read_parties(connection, place.partner, place.chain_id), place)
    return None if record.content is None else StatementView(place, record, record.content)


def act(
    connection: psycopg.Connection[Any], place: StatementKey, action: StatementAction, by: str
) -> StatementView:
    """Take the statement one step further, or back to DRAFT, in the caller's transaction (READ COMMITTED).

    Raises StatementError: the step does not fit the status, the person may not take it, something blocks
    it (each thing is named), or the books have moved since it was submitted.
    """
    by = person(by)
    lock_statements(connection)
    parties = read_parties(connection, place.partner, place.chain_id)
    record = _record(connection, parties, place)
    next_status(place, record.status, action)
    match action:
        case StatementAction.SUBMIT:
            _submit(connection, parties, place, by)
        case StatementAction.APPROVE:
            refuse_own_approval(place, record.prepared_by or "", by)
            _refuse_moved(connection, parties, place, record)
            _write(connection, "computation/statements.approve", place, by)
        case StatementAction.RELEASE:
            _refuse_moved(connection, parties, place, record)
            _write(connection, "computation/statements.release", place, by)
        case StatementAction.PAY:
            _write(connection, "computation/statements.pay", place, by)
        case StatementAction.REOPEN:
            _write(connection, "computation/statements.reopen", place, by)
            _write(connection, "computation/corrections.leave_true_ups", place, by)
    return view_statement(connection, place)


def _submit(connection: psycopg.Connection[Any], parties: Parties, place: StatementKey, by: str) -> None:
    book_corrections(connection, parties)
    statement, blockers = _build(connection, parties, place, DueCorrections())
    _refuse_blocked(place, blockers)
    named = {**parties.named, "statement_id": place.statement_id, "month": place.month}
    connection.execute(read_query("computation/statements.put_draft"), named)
    connection.execute(read_query("computation/corrections.take_true_ups"), named)
    content, balance = freeze(statement), statement.balance
    connection.execute(
        read_query("computation/statements.submit"),
        named
        | {
            "by": by,
            "content": Jsonb(content.document),
            "content_bytes": content.canonical,
            "content_sha256": content.sha256,
            "total": balance.total,
            "opening_balance": balance.opening,
            "payable": balance.payable,
            "closing_balance": balance.closing,
        },
    )


def _refuse_moved(
    connection: psycopg.Connection[Any], parties: Parties, place: StatementKey, record: StatementRecord
) -> None:
    """Raise StatementError when the books, built again, are blocked or say something else than was frozen."""
    statement, blockers = _build(connection, parties, place, None)
    _refuse_blocked(place, blockers)
    if record.content is None or freeze(statement).sha256 != record.content.sha256:
        raise StatementError(
            f"{place}: the books say something else than what {record.prepared_by} submitted; "
            "reopen it, look at it, and submit it again"
        )


def _refuse_blocked(place: StatementKey, blockers: Sequence[str]) -> None:
    if blockers:
        told = "\n".join(f"  {blocker}" for blocker in blockers)
        raise StatementError(f"{place} cannot go on:\n{told}")


def _write(connection: psycopg.Connection[Any], statement: str, place: StatementKey, by: str) -> None:
    connection.execute(read_query(statement), {"statement_id": place.statement_id, "by": by})


def _record(connection: psycopg.Connection[Any], parties: Parties, place: StatementKey) -> StatementRecord:
    with connection.cursor(row_factory=dict_row) as cursor:
        named = {**parties.named, "month": place.month}
        row = cursor.execute(read_query("computation/statements.submitted_statement"), named).fetchone()
    if row is None:
        return StatementRecord(StatementStatus.DRAFT)
    frozen = None
    if row["content"] is not None:
        frozen = FrozenContent(row["content"], bytes(row["content_bytes"]), bytes(row["content_sha256"]))
    people = ("prepared_by", "submitted_at", "approved_by", "approved_at", "released_by", "released_at")
    return StatementRecord(
        status=StatementStatus(row["status"]),
        number=row["number"],
        content=frozen,
        **{name: row[name] for name in (*people, "paid_by", "paid_at")},
    )


def _build(
    connection: psycopg.Connection[Any], parties: Parties, place: StatementKey, due: DueCorrections | None
) -> tuple[Statement, tuple[str, ...]]:
    """The statement as the books say it now, and what blocks it.

    A draft states every open correction and those `due`; a submitted one (None) only those it took.
    """
    books = read_books(connection, parties, [place.month])
    kept = read_true_ups(connection, parties)
    stated_in = None if due is not None else place.statement_id
    items = [true_up.item for true_up in kept if true_up.statement_id == stated_in]
    items += [item for item, _ in due.items] if due is not None else []
    statement = Statement(
        place=place,
        partner_name=parties.partner_name,
        native_unit=parties.native_unit,
        native_decimals=parties.native_decimals,
        display_unit=parties.display_unit,
        periods=books.periods,
        lines=books.lines,
        true_ups=tuple(
            sorted(items, key=lambda item: (item.line.period_id, item.line.sort_key, item.true_up_id))
        ),
        opening_balance=_opening_balance(connection, parties),
    )
    if not statement.lines and not statement.true_ups and not books.periods:
        raise StatementError(f"{place}: there is nothing to state: no period ended in it")
    return statement, _blockers(connection, parties, place, books)


def _opening_balance(connection: psycopg.Connection[Any], parties: Parties) -> int:
    row = connection.execute(read_query("computation/statements.last_balance"), parties.named).fetchone()
    return 0 if row is None else int(row[0])


def _blockers(
    connection: psycopg.Connection[Any], parties: Parties, place: StatementKey, books: Books
) -> tuple[str, ...]:
    named = {**parties.named, "month": place.month}
    around = connection.execute(read_query("registry/periods.periods_around_month"), named).fetchone()
    before, after = around if around is not None else (None, None)
    earlier = connection.execute(read_query("computation/statements.earlier_open_month"), named).fetchone()
    waiting = (
        []
        if earlier is None
        else [f"the statement for {earlier[0]:%Y-%m} comes first: its balance is carried over; release it"]
    )
    return (
        *waiting,
        *month_gaps(place.chain_id, place.month, books.booked, before, after),
        *(message for _, message in books.blocking),
        *books.undecided.values(),
    )
