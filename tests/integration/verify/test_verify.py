"""`aurora verify`: untouched books are what their evidence gives; a single changed unit anywhere is found."""

import json
from pathlib import Path

import pytest
import typer
from psycopg import sql
from psycopg.errors import UndefinedTable

from aurora_api.commands import verify as command
from aurora_assets.commission.facts import PeriodFacts
from aurora_assets.pipeline import commissions
from aurora_assets.pipeline.discrepancy import WHOLE_ROW
from aurora_assets.pipeline.generations import GenerationKey
from aurora_assets.pipeline.replay import UNREPLAYED
from aurora_assets.pipeline.scratch import CANONICAL, COMPUTED, Scratch
from aurora_resources.errors import MigrationError, PeriodError, WarehouseError
from aurora_resources.warehouse import tables
from aurora_resources.warehouse.connection import DbConnection
from tests.integration.pipeline.installation import CHAIN
from tests.integration.verify.books import FIRST, LAST, Books

PERIOD = 803
OF_THE_PERIOD = f"ctid = (select ctid from {{}} where period_id = {PERIOD} order by ctid offset 1 limit 1)"

AMOUNTS = {
    "canonical.validator_fees": ("gross", "delegators_share", "operator_share", "produced_blocks"),
    "canonical.validator_mev": (
        "gross", "protocol_fee", "delegators_share", "operator_share", "commission_bps",
    ),
    "canonical.validator_rewards": (
        "commission", "delegators_share", "own_rewards", "active_stake", "staker_count",
    ),
    "canonical.stake_rewards": ("active_stake", "reward", "commission", "tips", "tips_commission"),
    "canonical.validator_meta": ("commission_bps",),
    "computation.validator_pnl": (
        "exec_fees", "mev_tips", "vote_rewards", "commission", "total_revenue", "costs", "net_income",
    ),
    "computation.partner_stake": ("active_stake", "wallet_count"),
    "computation.commission_lines": ("base", "claimed", "amount"),
    "computation.rule_histories": ("base_to_date", "loss_carried"),
    "computation.commission_statements": ("total", "line_count"),
}  # fmt: skip

OTHERS = [
    ("registry.periods", "starts_at", "starts_at - interval '1 second'"),
    ("canonical.validator_identities", "identity", "'somebody else'"),
    ("canonical.validator_fees", "state", "'PROVISIONAL'"),
    ("canonical.validator_fees", "provider", "'rpc'"),
    ("canonical.stake_rewards", "withdrawer", "'somebody else'"),
    ("canonical.validator_meta", "website", "'elsewhere'"),
    ("computation.validator_pnl", "completeness", "'PROVISIONAL'"),
    ("computation.commission_lines", "scaled", "not scaled"),
    ("computation.commission_lines", "allocated", "not allocated"),
    ("computation.commission_statements", "releasable", "not releasable"),
    ("computation.commission_statements", "billing_month", "billing_month - interval '1 month'"),
]


def test_untouched_books_verify_clean_and_nothing_is_written(books: Books) -> None:
    before = books.content()
    result = books.verify()
    assert result.discrepancies == []
    assert result.equal
    assert result.periods == list(range(FIRST, LAST + 1))
    assert books.content() == before
    for table in before:
        if table in result.compared and table.startswith(("canonical", "staging")):
            assert result.compared[table] == len(before[table])
    for computed in COMPUTED.values():
        assert computed.table.full_name in result.compared


@pytest.mark.parametrize(
    ("table", "column"), [(table, column) for table, columns in AMOUNTS.items() for column in columns]
)
def test_a_single_changed_unit_is_found(books: Books, table: str, column: str) -> None:
    books.tamper(
        table, f"update {table} set {column} = coalesce({column}, 0) + 1 where {OF_THE_PERIOD.format(table)}"
    )
    (found,) = books.verify(PERIOD, PERIOD).discrepancies
    assert (found.period_id, found.table, found.column) == (PERIOD, table, column)
    assert found.key
    assert isinstance(found.booked, int)
    assert found.replayed is None or isinstance(found.replayed, int)
    assert found.booked == (found.replayed or 0) + 1


@pytest.mark.parametrize(("table", "column", "value"), OTHERS)
def test_whatever_else_is_changed_is_found(books: Books, table: str, column: str, value: str) -> None:
    place = OF_THE_PERIOD.format(table) if table != "registry.periods" else f"period_id = {PERIOD}"
    books.tamper(table, f"update {table} set {column} = {value} where {place}")
    result = books.verify(PERIOD, PERIOD)
    assert {found.table for found in result.discrepancies} == {table}
    assert {found.column for found in result.discrepancies} in ({column}, {WHOLE_ROW})


def test_a_changed_trace_is_found_by_its_part(books: Books) -> None:
    lines = "computation.commission_lines"
    books.tamper(
        lines,
        f"update {lines} set rate_trace = jsonb_set(rate_trace, '{{earned}}', '\"1\"') "
        f"where {OF_THE_PERIOD.format(lines)}",
    )
    (found,) = books.verify(PERIOD, PERIOD).discrepancies
    assert (found.table, found.column, found.booked) == (lines, "rate_trace.earned", "1")


@pytest.mark.parametrize("table", [table.full_name for table in (*CANONICAL, *tables.COMPUTED_TABLES)])
def test_a_row_that_is_missing_or_was_added_is_found(books: Books, table: str) -> None:
    rows = books.query(f"select count(*) from {table} where {_in_period(table)}")
    if rows[0][0]:
        books.tamper(table, f"delete from {table} where {_one_of(table)}")
        booked, replayed = None, "present"
    else:
        books.tamper(table, ADDED[table])
        booked, replayed = "present", None
    (found,) = books.verify(PERIOD, PERIOD).discrepancies
    assert (found.table, found.column) == (table, WHOLE_ROW)
    assert (found.booked, found.replayed) == (booked, replayed)


ADDED = {
    "canonical.findings": "insert into canonical.findings (chain_id, period_id, dataset, position, code, "
    f"message) values ('{CHAIN}', {PERIOD}, 'validator_fees', 0, 'DRIFT', 'made up')",
    "computation.findings": "insert into computation.findings (generation_id, position, chain_id, code, "
    "message, blocks_release) select generation_id, 0, chain_id, 'MADE_UP', 'made up', false "
    f"from computation.generations where dataset = 'commission_lines' and period_id = {PERIOD}",
}


def _in_period(table: str) -> str:
    if table == "computation.findings":
        return (
            f"generation_id in (select generation_id from computation.generations where period_id = {PERIOD})"
        )
    return f"period_id = {PERIOD}"


def _one_of(table: str) -> str:
    return f"ctid = (select ctid from {table} where {_in_period(table)} limit 1)"


def test_a_forgery_that_agrees_with_itself_is_found_in_every_layer(books: Books) -> None:
    """Fees one lamport higher, in the facts and in the P&L made of them: the replay shares neither."""
    key = books.query(f"select min(validator_key) from canonical.validator_fees where period_id = {PERIOD}")[
        0
    ][0]
    place = f"where period_id = {PERIOD} and validator_key = '{key}'"
    books.tamper(
        "canonical.validator_fees",
        f"update canonical.validator_fees set gross = gross + 1, operator_share = operator_share + 1 {place}",
    )
    books.tamper(
        "computation.validator_pnl",
        "update computation.validator_pnl set exec_fees = exec_fees + 1, total_revenue = total_revenue + 1 "
        f"{place}",
    )
    found = {(one.table, one.column) for one in books.verify(PERIOD, PERIOD).discrepancies}
    assert found == {
        ("canonical.validator_fees", "gross"),
        ("canonical.validator_fees", "operator_share"),
        ("computation.validator_pnl", "exec_fees"),
        ("computation.validator_pnl", "total_revenue"),
    }


@pytest.mark.parametrize("role", ["periods", "fees", "mev", "rewards", "meta"])
def test_a_flipped_byte_in_a_body_is_found(books: Books, role: str) -> None:
    payload_id = books.payloads(PERIOD, role)[0]
    books.tamper(
        "staging.payloads",
        "update staging.payloads set body = set_byte(body, length(body) / 2, "
        "get_byte(body, length(body) / 2) # 1) where payload_id = %s",
        payload_id,
    )
    found = books.verify(PERIOD, PERIOD).discrepancies
    assert ("staging.payloads", "sha256") in {(one.table, one.column) for one in found}
    assert found[0].key["payload_id"] == payload_id
    assert ("staging.ingestions", "content_digest") in {(one.table, one.column) for one in found}


def test_a_changed_body_under_its_own_new_digest_is_found(books: Books) -> None:
    books.tamper(
        "staging.payloads",
        "update staging.payloads set body = body || ' ', sha256 = sha256(body || ' ') where payload_id = %s",
        books.payloads(PERIOD, "fees")[0],
    )
    (found,) = books.verify(PERIOD, PERIOD).discrepancies
    assert (found.table, found.column) == ("staging.ingestions", "content_digest")


def test_a_body_that_is_not_understood_any_more_is_told_and_nothing_is_made_of_it(books: Books) -> None:
    books.tamper(
        "staging.payloads",
        "update staging.payloads set body = 'nonsense' where payload_id = %s",
        books.payloads(PERIOD, "mev")[0],
    )
    unreplayed = {one.table for one in books.verify(PERIOD, PERIOD).discrepancies if one.column == UNREPLAYED}
    assert {"canonical.validator_mev", "canonical.stake_rewards", "computation"} <= unreplayed


def test_a_changed_question_is_found(books: Books) -> None:
    books.tamper(
        "staging.payloads",
        "update staging.payloads set request = jsonb_set(request, '{path}', '\"/elsewhere\"') "
        "where payload_id = %s",
        books.payloads(PERIOD, "fees")[0],
    )
    forged, canonical = books.verify(PERIOD, PERIOD).discrepancies
    assert (forged.table, forged.column) == ("staging.payloads", "request_digest")
    assert (canonical.table, canonical.column) == ("canonical", UNREPLAYED)


def test_a_response_taken_out_of_its_set_is_found(books: Books) -> None:
    books.tamper(
        "staging.ingestion_payloads",
        "delete from staging.ingestion_payloads where ctid = (select member.ctid "
        "from staging.ingestion_payloads as member join staging.ingestions using (ingestion_id) "
        f"where period_id = {PERIOD} and role = 'meta' limit 1)",
    )
    found = {(one.table, one.column) for one in books.verify(PERIOD, PERIOD).discrepancies}
    assert {("staging.ingestions", "content_digest"), ("staging.ingestions", "payload_count")} <= found


def test_a_generation_out_of_force_or_with_another_digest_is_found(books: Books) -> None:
    books.tamper(
        "computation.generations",
        "update computation.generations set content_digest = sha256('') "
        f"where dataset = 'validator_pnl' and period_id = {PERIOD}",
    )
    books.tamper(
        "computation.generations",
        "update computation.generations set is_current = false "
        f"where dataset = 'commission_lines' and period_id = {PERIOD}",
    )
    digest, missing = books.verify(PERIOD, PERIOD).discrepancies[::-1]
    assert (digest.key, digest.column) == ({"dataset": "validator_pnl"}, "content_digest")
    assert (missing.key, missing.column) == ({"dataset": "commission_lines"}, WHOLE_ROW)


def test_only_the_period_that_was_tampered_with_differs(books: Books) -> None:
    """What a rule remembers is replayed too: the later period does not take over the earlier one's fault."""
    table = "computation.rule_histories"
    books.tamper(table, f"update {table} set loss_carried = loss_carried + 1 where {_one_of(table)}")
    assert {one.period_id for one in books.verify().discrepancies} == {PERIOD}


def test_a_range_without_books_is_refused(books: Books) -> None:
    with pytest.raises(PeriodError, match="nothing is booked for 801, 802"):
        books.verify(801, LAST)
    with pytest.raises(PeriodError, match="give the older period first"):
        books.verify(LAST, FIRST)


def test_a_replay_takes_nothing_from_the_books_that_it_must_make_itself(books: Books) -> None:
    with books.warehouse.connect(autocommit=True) as connection:
        made = Scratch(connection)
        for table in (*tables.FACT_TABLES, *tables.COMPUTED_TABLES, tables.PERIODS):
            if table.name == "findings":
                with pytest.raises(UndefinedTable):
                    connection.execute("select from findings")
            else:
                statement = sql.SQL("select from {}").format(sql.Identifier(table.name))
                assert connection.execute(statement).rowcount == 0
        for name in ("ingestions", "agreements", "commission_lines_current", "users"):
            with pytest.raises(UndefinedTable):
                connection.execute(sql.SQL("select from {}").format(sql.Identifier(name)))
        with connection.transaction():
            connection.execute("select from wallets, partner_wallets, computation.rule_histories")
            made.require_untouched()


@pytest.mark.parametrize(
    "name",
    [
        *(table.full_name for table in (*tables.FACT_TABLES, tables.PERIODS, tables.COMMISSION_LINES)),
        "computation.validator_pnl_current",
    ],
)
def test_a_replay_that_names_a_booked_table_by_its_schema_is_refused(
    books: Books, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The very table is named, also when a view is what was read."""
    read_facts = commissions.read_facts
    statement = sql.SQL("select from {} limit 0").format(sql.Identifier(*name.split(".")))

    def read_more(connection: DbConnection, key: GenerationKey) -> PeriodFacts:
        connection.execute(statement)
        return read_facts(connection, key)

    monkeypatch.setattr(commissions, "read_facts", read_more)
    with pytest.raises(WarehouseError, match=f"the replay read {name.removesuffix('_current')}, which"):
        books.verify(PERIOD, PERIOD)


def test_many_differences_are_counted_and_not_all_listed(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scratch, "ROWS_SHOWN", 5)
    with books.warehouse.connect() as connection:
        changed = connection.execute(
            f"update canonical.stake_rewards set reward = reward + 1 where period_id = {PERIOD}"
        ).rowcount
    result = books.verify(PERIOD, PERIOD)
    assert len(result.discrepancies) == 2
    assert result.left_off == 2 * changed - 4


def test_the_command_says_what_was_compared_and_what_differs(
    books: Books, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(books.folder))
    monkeypatch.setenv("AURORA_DATABASE_URL", books.warehouse.url)
    command.verify(CHAIN, first=PERIOD, last=PERIOD)
    shown = capsys.readouterr().out
    assert "Equal:" in shown
    assert "computation.commission_lines" in shown
    table = "computation.validator_pnl"
    books.tamper(table, f"update {table} set exec_fees = exec_fees + 1 where {_one_of(table)}")
    with pytest.raises(typer.Exit) as ended:
        command.verify(CHAIN, first=PERIOD, last=PERIOD, as_json=True)
    assert ended.value.exit_code == 1
    (found,) = json.loads(capsys.readouterr().out)["differences"]
    assert (found["table"], found["column"]) == (table, "exec_fees")
    assert found["booked"] == found["replayed"] + 1
    with pytest.raises(typer.Exit):
        command.verify(CHAIN, first=PERIOD, last=PERIOD)
    assert f"{found['booked']:,}" in capsys.readouterr().out


def test_the_command_does_not_migrate(
    empty_database: str, booked: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(booked[0]))
    monkeypatch.setenv("AURORA_DATABASE_URL", empty_database)
    with pytest.raises(MigrationError, match="run `aurora migrate`"):
        command.verify(CHAIN, first=PERIOD, last=PERIOD, as_json=False)
