"""The audit log: written through one door, chained, and every way of touching it afterwards is noticed."""

import threading
from collections.abc import Callable

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resources.warehouse.audit import (
    AuditEntry,
    AuditVerdict,
    Outcome,
    append_audit,
    row_hash,
    verify_audit,
)
from aurora_resources.warehouse.connection import (
    API_ROLE,
    AUTH_ROLE,
    PIPELINE_ROLE,
    STAFF_ROLE,
    DbConnection,
    Warehouse,
)

ROLES = (API_ROLE, STAFF_ROLE, AUTH_ROLE, PIPELINE_ROLE)


def append(warehouse: Warehouse, *entries: AuditEntry, role: str = PIPELINE_ROLE) -> None:
    for entry in entries:
        with warehouse.as_role(role).transaction() as connection:
            append_audit(connection, entry)


def verify(warehouse: Warehouse, anchor: tuple[int, bytes] | None = None) -> AuditVerdict:
    with warehouse.as_role(PIPELINE_ROLE).connect() as connection:
        return verify_audit(connection, anchor)


def said(verdict: AuditVerdict) -> str:
    return "\n".join(fault.message for fault in verdict.faults)


@pytest.fixture
def tamper(warehouse: Warehouse) -> Callable[[str], None]:
    """What only a superuser can do: switch the triggers off and change the log."""

    def change(statement: str) -> None:
        with warehouse.connect() as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(statement.encode())
            connection.commit()

    return change


@pytest.fixture
def written(warehouse: Warehouse) -> Warehouse:
    append(
        warehouse,
        *(AuditEntry("ann", "approveStatement", "Statement", str(n), reason="checked") for n in range(1, 7)),
    )
    return warehouse


def test_an_empty_log_is_intact(warehouse: Warehouse) -> None:
    assert verify(warehouse) == AuditVerdict(0, 0, bytes(32))


def test_every_role_writes_by_the_one_door(warehouse: Warehouse) -> None:
    for role in ROLES:
        append(warehouse, AuditEntry("ann", "login"), role=role)
    verdict = verify(warehouse)
    assert verdict.intact
    assert (verdict.row_count, verdict.sequence) == (4, 4)


def test_what_is_noted_is_kept_to_the_last_sign(warehouse: Warehouse) -> None:
    before = {"amount": "115792089237316195423570985008687907853269984665640564039457584007913129639935"}
    entry = AuditEntry(
        actor="zoë:1-'",
        action="override",
        object_type="Line",
        object_id="3:a-",
        outcome=Outcome.REFUSED,
        reason="",
        before=before,
        after=[1, None, 1.50, "é\n"],
        request_digest=bytes(range(32)),
        correlation_id="c-1",
    )
    append(warehouse, entry, AuditEntry("nobody", "login", outcome=Outcome.FAILED))
    assert verify(warehouse).intact
    with warehouse.connect() as connection:
        row = connection.execute(
            "select actor, outcome, reason, before, after, request_digest from access.audit_log"
            " where sequence = 1"
        ).fetchone()
    assert row is not None
    assert row[:5] == ("zoë:1-'", "REFUSED", "", before, [1, None, 1.5, "é\n"])
    assert bytes(row[5]) == bytes(range(32))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "update access.audit_log set reason = 'x'",
        "delete from access.audit_log",
        "truncate access.audit_log",
        "insert into access.audit_log (sequence) values (99)",
        "update access.audit_head set sequence = 0",
        "delete from access.audit_head",
    ],
)
def test_no_role_has_another_way_in(written: Warehouse, role: str, statement: str) -> None:
    with (
        written.as_role(role).connect() as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())
    assert verify(written).intact


@pytest.mark.parametrize(
    "statement",
    [
        "update access.audit_log set reason = 'x'",
        "delete from access.audit_log",
        "truncate access.audit_log",
        "delete from access.audit_head",
        "truncate access.audit_head",
    ],
)
def test_triggers_stand_in_the_way_even_of_a_superuser(written: Warehouse, statement: str) -> None:
    with written.connect() as connection, pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("update access.audit_log set reason = 'unchecked' where sequence = 3", "row 3 is not what was"),
        ("update access.audit_log set actor = 'bob' where sequence = 6", "row 6 is not what was written"),
        ("update access.audit_log set at = at + interval '1 us' where sequence = 1", "row 1 is not what"),
        ("update access.audit_log set object_id = null where sequence = 2", "row 2 is not what was written"),
        ("delete from access.audit_log where sequence = 1", "row 1: removed"),
        ("delete from access.audit_log where sequence in (3, 4)", "row 3 to 4: removed"),
        ("delete from access.audit_log where sequence = 6", "the log ends at row 5, but 6 were written"),
        ("delete from access.audit_log", "the log ends at row 0, but 6 were written"),
        ("delete from access.audit_head", "the head, which says how long the log is, is missing"),
        ("update access.audit_head set sequence = 5", "row 6 is beyond the last one written"),
        ("update access.audit_head set hash = sha256('x')", "is not the one kept for row 6"),
        (
            "insert into access.audit_log select 7, at, actor, user_id, action, object_type, object_id,"
            " partner_id, outcome, reason, before, after, request_digest, correlation_id, hash, hash"
            " from access.audit_log where sequence = 6",
            "row 7 is beyond the last one written, 6: inserted",
        ),
        (
            "update access.audit_log set sequence = sequence + 100 where sequence > 3;"
            "update access.audit_log set sequence = sequence - 99 where sequence > 100;"
            "insert into access.audit_log select 4, at, 'eve', user_id, action, object_type, object_id,"
            " partner_id, outcome, reason, before, after, request_digest, correlation_id, hash, hash"
            " from access.audit_log where sequence = 3;"
            "update access.audit_head set sequence = 7",
            "row 4 is not what was written",
        ),
    ],
)
def test_what_was_touched_is_told(
    written: Warehouse, tamper: Callable[[str], None], statement: str, told: str
) -> None:
    assert verify(written).intact
    tamper(statement)
    assert told in said(verify(written))


def test_a_row_put_in_with_the_right_hash_of_its_own_does_not_fit_the_next(
    written: Warehouse, tamper: Callable[[str], None]
) -> None:
    with written.connect() as connection:
        row = connection.execute(
            "select previous_hash, sequence::text,"
            " to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), 'eve', user_id::text,"
            " action, object_type, object_id, partner_id::text, outcome, reason, before::text, after::text,"
            " null, correlation_id from access.audit_log where sequence = 4"
        ).fetchone()
    assert row is not None
    forged = row_hash(bytes(row[0]), row[1:]).hex()
    tamper(f"update access.audit_log set actor = 'eve', hash = '\\x{forged}' where sequence = 4")
    assert said(verify(written)) == "row 5 does not follow on the row before: edited or inserted"


def test_a_log_written_anew_is_told_by_what_was_noted_elsewhere(
    written: Warehouse, tamper: Callable[[str], None]
) -> None:
    noted = verify(written)
    anchor = (noted.sequence, noted.head_hash)
    append(written, AuditEntry("ann", "login"))
    assert verify(written, anchor).intact
    tamper(
        "delete from access.audit_log;"
        "update access.audit_head set sequence = 0, hash = decode(repeat('00', 32), 'hex')"
    )
    assert verify(written).intact
    assert "row 6, noted elsewhere, is missing" in said(verify(written, anchor))
    append(written, *(AuditEntry("eve", "login") for _ in range(7)))
    assert verify(written).intact
    assert "row 6 has another hash than was noted elsewhere" in said(verify(written, anchor))


def test_what_is_rolled_back_leaves_no_gap(written: Warehouse) -> None:
    with pytest.raises(ZeroDivisionError), written.as_role(API_ROLE).transaction() as connection:
        append_audit(connection, AuditEntry("ann", "login"))
        raise ZeroDivisionError
    append(written, AuditEntry("ann", "login"))
    verdict = verify(written)
    assert verdict.intact
    assert verdict.sequence == 7


def test_many_write_at_once_and_the_chain_holds(warehouse: Warehouse) -> None:
    def work(name: str) -> None:
        append(warehouse, *(AuditEntry(name, "login") for _ in range(10)), role=API_ROLE)

    threads = [threading.Thread(target=work, args=[f"w{n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = verify(warehouse)
    assert verdict.intact
    assert verdict.sequence == 40


def test_an_earlier_moment_is_no_place_to_write_from(warehouse: Warehouse) -> None:
    with warehouse.as_role(API_ROLE).connect() as connection:
        connection.execute("set transaction isolation level repeatable read")
        with pytest.raises(psycopg.errors.ActiveSqlTransaction, match="READ COMMITTED, not in REPEATABLE"):
            append_audit(connection, AuditEntry("ann", "login"))


def test_nobody_is_noted_for_what_another_does(warehouse: Warehouse) -> None:
    def act(connection: DbConnection, user_id: int) -> None:
        connection.execute("select set_config('app.user_id', '1', true)")
        append_audit(connection, AuditEntry("ann", "login", user_id=user_id))

    with warehouse.connect() as connection:
        connection.execute(
            "insert into access.users (username, display_name, role) values ('ann', 'Ann', 'ADMIN')"
        )
    with warehouse.as_role(STAFF_ROLE).transaction() as connection:
        act(connection, 1)
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="user 2 cannot be noted for what user 1"),
        warehouse.as_role(STAFF_ROLE).transaction() as connection,
    ):
        act(connection, 2)


fields = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), min_size=3, max_size=3)


@given(fields, fields)
def test_different_rows_have_different_hashes(one: list[str | None], other: list[str | None]) -> None:
    assert (row_hash(bytes(32), one) == row_hash(bytes(32), other)) == (one == other)
