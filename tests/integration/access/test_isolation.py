"""PostgreSQL alone keeps partners apart: no API stands between these sessions and the tables."""

from typing import Any

import psycopg
import pytest
from psycopg import sql

from aurora_resources.warehouse.connection import API_ROLE, PIPELINE_ROLE, STAFF_ROLE, DbConnection, Warehouse
from tests.integration.access.conftest import Acting

SCHEMAS = "('registry', 'staging', 'canonical', 'computation', 'access')"
NORTH, SOUTH, NOBODY = 1, 2, 99
OWN = (
    "registry.partners",
    "registry.partner_wallets",
    "registry.agreements",
    "registry.agreement_versions",
    "registry.agreement_rules",
    "computation.partner_stake",
    "computation.commission_lines",
    "computation.commission_statements",
    "computation.statements",
    "computation.partner_stake_current",
    "computation.commission_lines_current",
    "computation.commission_statements_current",
)
FORBIDDEN = (
    "registry.wallets",
    "registry.operator_wallets",
    "staging.payloads",
    "canonical.validator_fees",
    "canonical.stake_rewards",
    "computation.findings",
    "computation.rule_histories",
    "computation.overrides",
    "computation.true_ups",
    "computation.recomputes",
    "access.users",
    "access.refresh_tokens",
    "access.api_tokens",
    "access.audit_log",
    "access.audit_head",
    "access.started_work",
)


def column(connection: DbConnection, name: str, table: str) -> list[Any]:
    query = sql.SQL("select {} from {}").format(sql.Identifier(name), sql.Identifier(*table.split(".")))
    return [row[0] for row in connection.execute(query).fetchall()]


def count(connection: DbConnection, table: str) -> int:
    query = sql.SQL("select count(*) from {}").format(sql.Identifier(*table.split(".")))
    rows = connection.execute(query).fetchall()
    return int(rows[0][0])


# a partner -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", OWN)
def test_a_partner_sees_its_own_rows_and_nobody_elses(acting: Acting, table: str) -> None:
    with acting(PIPELINE_ROLE) as everything:
        both = set(column(everything, "partner_id", table))
    assert both >= {NORTH, SOUTH}
    for partner in (NORTH, SOUTH):
        with acting(API_ROLE, partner_id=partner, user_id=1) as session:
            assert set(column(session, "partner_id", table)) == {partner}
            others = sql.SQL("select from {} where partner_id = %s or partner_id is null").format(
                sql.Identifier(*table.split("."))
            )
            assert session.execute(others, [NORTH + SOUTH - partner]).fetchall() == []
    with acting(API_ROLE, partner_id=NOBODY, user_id=1) as session:
        assert column(session, "partner_id", table) == []
    for settings in ({}, {"partner_id": ""}, {"user_id": 1}):
        with acting(API_ROLE, **settings) as session:
            assert column(session, "partner_id", table) == []


def test_a_partner_id_that_is_none_is_an_error_and_shows_nothing(acting: Acting) -> None:
    with acting(API_ROLE, partner_id="1 or 1=1") as session, pytest.raises(psycopg.errors.DataError):
        column(session, "partner_id", "computation.commission_lines")


@pytest.mark.parametrize("table", FORBIDDEN)
def test_what_is_not_a_partners_cannot_be_asked_for(acting: Acting, table: str) -> None:
    with (
        acting(API_ROLE, partner_id=NORTH, user_id=2) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        count(session, table)


@pytest.mark.parametrize("table", ["computation.statements", "computation.commission_statements"])
def test_a_partner_sees_statements_once_they_are_released(acting: Acting, table: str) -> None:
    with acting(PIPELINE_ROLE) as everything:
        assert {"DRAFT", "APPROVED", "RELEASED"} <= set(column(everything, "status", table))
    with acting(API_ROLE, partner_id=NORTH) as session:
        seen = set(column(session, "status", table))
    assert seen
    assert seen <= {"RELEASED", "PAID"}


def test_a_partner_sees_the_pnl_of_granted_validators_alone(acting: Acting) -> None:
    for table in ("computation.validator_pnl", "computation.validator_pnl_current"):
        with acting(API_ROLE, partner_id=NORTH, validator_keys="val-a,val-z") as session:
            assert set(column(session, "validator_key", table)) == {"val-a", "val-z"}
        with acting(
            API_ROLE, partner_id=NORTH, validator_keys="val-a,val-z", chain_ids="beta-main"
        ) as session:
            assert set(column(session, "validator_key", table)) == {"val-z"}
        for settings in ({}, {"partner_id": NORTH}, {"validator_keys": "", "partner_id": NORTH}):
            with acting(API_ROLE, **settings) as session:
                assert column(session, "validator_key", table) == []


def test_a_partner_is_kept_to_its_chains(acting: Acting) -> None:
    with acting(API_ROLE, partner_id=SOUTH, chain_ids="alpha-main") as session:
        assert set(column(session, "chain_id", "computation.commission_lines")) == {"alpha-main"}
        assert set(column(session, "chain_id", "registry.partner_wallets")) == {"alpha-main"}


def test_the_apis_login_writes_nothing_and_makes_nothing(acting: Acting) -> None:
    with acting(API_ROLE) as session:
        assert (
            session.execute(
                "select oid::regclass from pg_class where relnamespace::regnamespace::text in "
                + SCHEMAS
                + " and relkind in ('r', 'v') and ("
                "has_table_privilege(oid, 'insert, update, delete, truncate, references, trigger')"
                " or has_any_column_privilege(oid, 'insert, update, references'))"
            ).fetchall()
            == []
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("create table registry.mine (n integer)")


def test_the_apis_login_is_not_the_superuser_underneath(acting: Acting) -> None:
    with acting(API_ROLE) as session:
        session.execute("reset role")
        assert session.execute("select session_user, current_user").fetchone() == (API_ROLE, API_ROLE)
    for role in ("postgres", "aurora_owner", PIPELINE_ROLE):
        with acting(API_ROLE) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(sql.SQL("set role {}").format(sql.Identifier(role)))


# the operator's people -----------------------------------------------------------------------------


def test_staff_needs_to_be_somebody_and_no_partner(acting: Acting) -> None:
    tables = (*OWN, "computation.validator_pnl", "computation.overrides", "registry.wallets")
    for settings in ({}, {"user_id": ""}, {"user_id": 1, "partner_id": NORTH}):
        with acting(STAFF_ROLE, **settings) as session:
            assert [table for table in tables if count(session, table)] == []
    with acting(STAFF_ROLE, user_id=1) as session, acting(PIPELINE_ROLE) as everything:
        for table in tables:
            assert count(session, table) == count(everything, table) > 0


def test_staff_is_narrowed_to_chains(acting: Acting, filled: Warehouse) -> None:
    with filled.connect() as connection:
        by_chain = [row[0] for row in connection.execute(NAMED_WITH, ["chain_id"]).fetchall()]
    with acting(STAFF_ROLE, user_id=1, chain_ids="alpha-main") as session:
        for table in by_chain:
            # A rule for all chains, or for another one, is a part of an agreement with the partner.
            if table != "registry.agreement_rules":
                assert set(column(session, "chain_id", table)) <= {"alpha-main"}, table
        assert count(session, "computation.commission_lines") > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            session.execute(
                "insert into registry.validators (chain_id, validator_key) values ('beta-main', 'new')"
            )


def test_staff_is_narrowed_to_validators(acting: Acting, filled: Warehouse) -> None:
    with filled.connect() as connection:
        by_validator = [row[0] for row in connection.execute(NAMED_WITH, ["validator_key"]).fetchall()]
    with acting(STAFF_ROLE, user_id=1, validator_keys="val-a,val-x") as session:
        for table in by_validator:
            if table not in {"registry.agreement_rules", "canonical.findings"}:
                assert set(column(session, "validator_key", table)) <= {"val-a"}, table
        assert count(session, "computation.commission_lines") > 0
        assert count(session, "computation.validator_pnl") > 0
        for table in ("statements", "commission_statements", "overrides", "rule_histories"):
            assert count(session, f"computation.{table}") == 0


def test_staff_sees_started_work_of_its_own_and_a_narrowed_one_its_own_deeds(acting: Acting) -> None:
    with acting(STAFF_ROLE, user_id=4) as session:
        assert column(session, "user_id", "access.started_work") == [4]
        assert len(column(session, "user_id", "access.audit_log")) == 7
    for narrowed in ({"chain_ids": "alpha-main"}, {"validator_keys": "val-a"}):
        with acting(STAFF_ROLE, user_id=4, **narrowed) as session:
            assert column(session, "user_id", "access.audit_log") == [4]
    with acting(STAFF_ROLE) as session:
        assert column(session, "user_id", "access.audit_log") == []


def test_a_narrowed_person_gives_the_next_number_of_all_statements(acting: Acting) -> None:
    with acting(STAFF_ROLE, user_id=1, chain_ids="beta-main") as session:
        assert count(session, "computation.statements") == 0
        assert session.execute("select computation.next_statement_number()").fetchone() == (10,)
    with acting(API_ROLE, partner_id=NORTH) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("select computation.next_statement_number()")


# entering ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "refusal"),
    [(1, None), (2, None), (6, "USER_EXPIRED"), (7, "USER_DISABLED"), (99, "USER_UNKNOWN")],
)
def test_who_may_not_come_does_not_enter(acting: Acting, user: int, refusal: str | None) -> None:
    with acting(API_ROLE, user_id=1, partner_id=SOUTH) as session:
        session.execute("set transaction read only")
        told = session.execute("select refusal from access.enter(%s, 'oidc')", [user]).fetchall()
        assert told == [(refusal,)]
        setting = session.execute("select current_setting('app.user_id')").fetchone()
        assert setting == ("" if refusal else str(user),)
        assert set(column(session, "partner_id", "computation.commission_lines")) == (
            {NORTH} if user == 2 else set()
        )


def test_entering_sets_what_is_seen_until_the_transaction_ends(acting: Acting) -> None:
    with acting(API_ROLE) as session:
        found = session.execute("select * from access.enter(3, 'oidc')").fetchone()
        assert found == (None, 3, "sven", "Sven", "PARTNER", SOUTH, ["alpha-main"], None, None)
        assert set(column(session, "partner_id", "computation.commission_lines")) == {SOUTH}
        assert column(session, "validator_key", "computation.validator_pnl") == []
        session.commit()
        assert column(session, "partner_id", "computation.commission_lines") == []
        session.rollback()
        session.execute("select access.enter(5, 'oidc'), set_config('role', 'aurora_staff', true)")
        assert set(column(session, "validator_key", "computation.validator_pnl")) == {"val-a"}
        session.commit()
        assert session.execute("select current_user").fetchone() == (API_ROLE,)
        session.execute("set role aurora_staff")
        assert count(session, "computation.validator_pnl") == 0


@pytest.mark.parametrize("kind", ["family", "token"])
@pytest.mark.parametrize(
    ("user", "number", "refusal"),
    [
        (1, 1, None),
        (1, 2, "SESSION_REVOKED"),
        (1, 3, "SESSION_EXPIRED"),
        (1, 4, "SESSION_REVOKED"),
        (2, 1, "SESSION_REVOKED"),
    ],
)
def test_a_session_that_has_ended_does_not_enter(
    acting: Acting, kind: str, user: int, number: int, refusal: str | None
) -> None:
    with acting(API_ROLE) as session:
        named = f"{kind}:00000000-0000-0000-0000-{number:012}"
        told = session.execute("select refusal, scopes from access.enter(%s, %s)", [user, named]).fetchone()
    assert told == (refusal, ["READ_PNL"] if kind == "token" and refusal is None else None)


def test_a_session_of_no_known_kind_does_not_enter(acting: Acting) -> None:
    for named in ("", "other", None):
        with acting(API_ROLE) as session:
            told = session.execute("select refusal from access.enter(1, %s)", [named]).fetchone()
        assert told == ("SESSION_REVOKED",)


NAMED_WITH = f"""
select table_schema || '.' || table_name from information_schema.columns
join information_schema.tables using (table_schema, table_name)
where table_schema in {SCHEMAS} and table_schema <> 'access' and table_type = 'BASE TABLE'
    and column_name = %s
"""
