"""Monthly statements in the warehouse: drafts built from the ledger, and the transitions from DRAFT to PAID.

A statement is frozen when it is submitted. Approval and release build it again and refuse when the
ledger has changed since, so that what is released is what was approved. Files have modules of their own.
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
from aurora_assets.statements.content import FrozenContent, freeze
from aurora_assets.statements.correction_store import (
    DueCorrections,
    find_corrections,
    lock_statements,
    read_true_ups,
    store_corrections,
)
from aurora_assets.statements.ledger import Ledger, Parties, read_ledger, read_parties
from aurora_resources.warehouse.queries import read_query


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """A stored statement: its status, who took which step, and, unless a draft, its frozen content."""

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
    """A statement to show: frozen, or for a draft its content as of now and what blocks it.

    `left_alone` names released months where a correction may be due but is not known yet.
    """

    key: StatementKey
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
        values = {"partner": partner, "chain_id": chain_id, "month": month}
        return cursor.execute(read_query("computation/statements.statement_list"), values).fetchall()


def view_statement(connection: psycopg.Connection[Any], key: StatementKey) -> StatementView:
    """The statement with that key; nothing is written. Raises StatementError when there is none."""
    parties = read_parties(connection, key.partner, key.chain_id)
    record = _record(connection, parties, key)
    if record.content is not None:
        return StatementView(key, record, record.content)
    due = find_corrections(connection, parties)
    statement, blockers = _build(connection, parties, key, due)
    return StatementView(key, record, freeze(statement), blockers, due.left_alone)


def view_frozen(connection: psycopg.Connection[Any], key: StatementKey) -> StatementView | None:
    """The statement as it was submitted; None for a draft, which is built from the ledger.

    Raises PartiesUnknown.
    """
    record = _record(connection, read_parties(connection, key.partner, key.chain_id), key)
    return None if record.content is None else StatementView(key, record, record.content)


def apply_action(
    connection: psycopg.Connection[Any], key: StatementKey, action: StatementAction, by: str
) -> StatementView:
    """Change the status of a statement by one step, in the caller's transaction (READ COMMITTED).

    Raises StatementError: the status does not allow the action, the person may not do it, something blocks
    it (each blocker is named), or the ledger has changed since it was submitted.
    """
    by = person(by)
    lock_statements(connection)
    parties = read_parties(connection, key.partner, key.chain_id)
    record = _record(connection, parties, key)
    next_status(key, record.status, action)
    match action:
        case StatementAction.SUBMIT:
            _submit(connection, parties, key, by)
        case StatementAction.APPROVE:
            refuse_own_approval(key, record.prepared_by or "", by)
            _require_unchanged(connection, parties, key, record)
            _write(connection, "computation/statements.approve", key, by)
        case StatementAction.RELEASE:
            _require_unchanged(connection, parties, key, record)
            _write(connection, "computation/statements.release", key, by)
        case StatementAction.PAY:
            _write(connection, "computation/statements.pay", key, by)
        case StatementAction.REOPEN:
            _write(connection, "computation/statements.reopen", key, by)
            _write(connection, "computation/corrections.unassign_true_ups", key, by)
    return view_statement(connection, key)


def _submit(connection: psycopg.Connection[Any], parties: Parties, key: StatementKey, by: str) -> None:
    store_corrections(connection, parties)
    statement, blockers = _build(connection, parties, key, DueCorrections())
    _require_unblocked(key, blockers)
    values = {**parties.parameters, "statement_id": key.statement_id, "month": key.month}
    connection.execute(read_query("computation/statements.put_draft"), values)
    connection.execute(read_query("computation/corrections.assign_true_ups"), values)
    content, balance = freeze(statement), statement.balance
    connection.execute(
        read_query("computation/statements.submit"),
        values
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


def _require_unchanged(
    connection: psycopg.Connection[Any], parties: Parties, key: StatementKey, record: StatementRecord
) -> None:
    """Raise StatementError when the statement, built again, is blocked or differs from the frozen one."""
    statement, blockers = _build(connection, parties, key, None)
    _require_unblocked(key, blockers)
    if record.content is None or freeze(statement).sha256 != record.content.sha256:
        raise StatementError(
            f"{key}: the ledger has changed since {record.prepared_by} submitted it; "
            "reopen it, review it, and submit it again"
        )


def _require_unblocked(key: StatementKey, blockers: Sequence[str]) -> None:
    if blockers:
        listed = "\n".join(f"  {blocker}" for blocker in blockers)
        raise StatementError(f"{key} is blocked:\n{listed}")


def _write(connection: psycopg.Connection[Any], statement: str, key: StatementKey, by: str) -> None:
    connection.execute(read_query(statement), {"statement_id": key.statement_id, "by": by})


def _record(connection: psycopg.Connection[Any], parties: Parties, key: StatementKey) -> StatementRecord:
    with connection.cursor(row_factory=dict_row) as cursor:
        values = {**parties.parameters, "month": key.month}
        row = cursor.execute(read_query("computation/statements.submitted_statement"), values).fetchone()
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
    connection: psycopg.Connection[Any], parties: Parties, key: StatementKey, due: DueCorrections | None
) -> tuple[Statement, tuple[str, ...]]:
    """The statement built from the ledger as of now, and what blocks it.

    A draft states every open correction and those `due`; a submitted one (None) only those assigned to it.
    """
    ledger = read_ledger(connection, parties, [key.month])
    kept = read_true_ups(connection, parties)
    stated_in = None if due is not None else key.statement_id
    items = [true_up.item for true_up in kept if true_up.statement_id == stated_in]
    items += [item for item, _ in due.items] if due is not None else []
    statement = Statement(
        key=key,
        partner_name=parties.partner_name,
        native_unit=parties.native_unit,
        native_decimals=parties.native_decimals,
        display_unit=parties.display_unit,
        periods=ledger.periods,
        lines=ledger.lines,
        true_ups=tuple(
            sorted(items, key=lambda item: (item.line.period_id, item.line.sort_key, item.true_up_id))
        ),
        opening_balance=_opening_balance(connection, parties),
    )
    if not statement.lines and not statement.true_ups and not ledger.periods:
        raise StatementError(f"{key}: there is nothing to state: no period ended in it")
    return statement, _blockers(connection, parties, key, ledger)


def _opening_balance(connection: psycopg.Connection[Any], parties: Parties) -> int:
    row = connection.execute(read_query("computation/statements.last_balance"), parties.parameters).fetchone()
    return 0 if row is None else int(row[0])


def _blockers(
    connection: psycopg.Connection[Any], parties: Parties, key: StatementKey, ledger: Ledger
) -> tuple[str, ...]:
    values = {**parties.parameters, "month": key.month}
    around = connection.execute(read_query("registry/periods.periods_around_month"), values).fetchone()
    before, after = around if around is not None else (None, None)
    earlier = connection.execute(read_query("computation/statements.earlier_open_month"), values).fetchone()
    waiting = (
        []
        if earlier is None
        else [f"the statement for {earlier[0]:%Y-%m} comes first: its balance is carried over; release it"]
    )
    return (
        *waiting,
        *month_gaps(key.chain_id, key.month, ledger.booked, before, after),
        *(message for _, message in ledger.blocking),
        *ledger.undecided.values(),
    )
