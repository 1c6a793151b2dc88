"""`aurora explain LINE`: the way of a number recomputes to it, and ends at responses that are in staging."""

import hashlib
import json
from typing import Any

import pytest

from aurora_api.commands import explain as command
from aurora_assets.explain.explanation import Explanation, LineNotFound, explain
from aurora_resources.config.files import load_config
from tests.integration.verify.books import Books


def lines(books: Books) -> dict[str, int]:
    """The amount of every line in force, by its id."""
    rows = books.query("select line_id::text, amount from computation.commission_lines_current order by 1")
    return dict(rows)


def explained(books: Books, line: str) -> Explanation:
    with books.warehouse.connect() as connection:
        return explain(connection, line, load_config(books.folder).chains)


@pytest.fixture
def surroundings(books: Books, monkeypatch: pytest.MonkeyPatch) -> Books:
    """Books that the command finds by itself."""
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(books.folder))
    monkeypatch.setenv("AURORA_DATABASE_URL", books.warehouse.url)
    return books


def test_every_line_recomputes_to_its_amount_and_leads_to_responses_in_staging(books: Books) -> None:
    amounts = lines(books)
    assert len(amounts) > 20
    bodies = {
        payload_id: bytes(body)
        for payload_id, body in books.query("select payload_id, body from staging.payloads")
    }
    for line_id, amount in amounts.items():
        found = explained(books, line_id)
        assert found.holds
        assert found.steps[-1].amount == found.line["amount"] == amount
        assert found.pnl is not None
        assert found.fact is not None
        assert found.fact["ingestion_id"] in {source.ingestion["ingestion_id"] for source in found.sources}
        assert all(source.payloads for source in found.sources)
        for payload in (payload for source in found.sources for payload in source.payloads):
            body = bodies[payload["payload_id"]]
            assert bytes(payload["sha256"]) == hashlib.sha256(body).digest()
            assert payload["size_bytes"] == len(body)


def test_a_clients_base_is_the_sum_of_its_accounts(books: Books) -> None:
    ((line_id,),) = books.query(
        "select line_id::text from computation.commission_lines_current "
        "where rule_id = 'commission-of-its-clients' order by amount desc limit 1"
    )
    found = explained(books, line_id)
    assert found.line["base"] == sum(row["commission"] for row in found.accounts)
    assert found.line["base"] == sum(row["part"] for row in found.wallets)
    assert {row["withdrawer"] for row in found.accounts} == {row["wallet"] for row in found.wallets}


def test_a_part_by_stake_sums_over_the_partners_wallets(books: Books) -> None:
    ((line_id,),) = books.query(
        "select line_id::text from computation.commission_lines_current "
        "where rule_id = 'half-the-commission' order by amount desc limit 1"
    )
    found = explained(books, line_id)
    assert found.line["base"] == sum(row["part"] for row in found.wallets)
    accounts = sum(row["active_stake"] for row in found.accounts)
    assert accounts == sum(row["active_stake"] for row in found.wallets)


def test_a_changed_line_is_shown_not_to_hold(books: Books) -> None:
    line_id = next(iter(lines(books)))
    table = "computation.commission_lines"
    books.tamper(table, f"update {table} set amount = amount + 1 where line_id = %s", line_id)
    found = explained(books, line_id)
    assert not found.holds
    assert [step.what for step in found.steps if not step.holds] == ["revenue guard"]


def test_the_beginning_of_an_id_is_enough(books: Books) -> None:
    line_id = next(iter(lines(books)))
    for given in (line_id[:8], line_id[:13], line_id.upper(), line_id.replace("-", ""), f" {line_id} "):
        assert str(explained(books, given).line["line_id"]) == line_id


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1234567", "at least its first 8 hexadecimal digits"),
        ("not-a-line-id", "is no line id"),
        ("12345678-%", "is no line id"),
        ("00000000", "no commission line has the id 00000000"),
    ],
)
def test_what_names_no_line_is_refused(books: Books, line: str, told: str) -> None:
    with pytest.raises(LineNotFound, match=told):
        explained(books, line)


def test_an_id_that_several_lines_begin_with_is_refused_and_names_them(books: Books) -> None:
    first, second, *_ = lines(books)
    rival = f"{first[:8]}{second[8:]}"
    table = "computation.commission_lines"
    books.tamper(table, f"update {table} set line_id = %s where line_id = %s", rival, second)
    with pytest.raises(LineNotFound, match="begins the ids of several lines") as refusal:
        explained(books, first[:8])
    assert first in str(refusal.value)
    assert rival in str(refusal.value)
    assert str(explained(books, first).line["line_id"]) == first


def test_a_line_that_is_not_in_force_any_more_is_told_so(books: Books) -> None:
    line_id = next(iter(lines(books)))
    books.tamper(
        "computation.generations",
        "update computation.generations set is_current = false where generation_id = "
        "(select generation_id from computation.commission_lines where line_id = %s)",
        line_id,
    )
    with pytest.raises(LineNotFound, match="not in force any more"):
        explained(books, line_id)


def test_the_tree_shows_native_units_coins_and_digests(
    surroundings: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    ((line_id, amount),) = surroundings.query(
        "select line_id::text, amount from computation.commission_lines_current "
        "where rule_id = 'fees-in-tiers' order by amount desc limit 1"
    )
    command.explain(line_id[:8], show_all=False, as_json=False)
    shown = capsys.readouterr().out
    coins = f"{amount // 10**9}.{amount % 10**9:09d}"
    for told in (f"{amount:,} lamports ({coins} SOL)", "Northwind Capital", "tiers", "cap", "more: --all"):
        assert told in shown
    sources = explained(surroundings, line_id).sources
    assert bytes(sources[0].payloads[0]["sha256"]).hex() in shown
    command.explain(line_id[:8], show_all=True, as_json=False)
    whole = capsys.readouterr().out
    assert "--all" not in whole
    for payload in (payload for source in sources for payload in source.payloads):
        assert bytes(payload["sha256"]).hex() in whole
    assert all(line == line.rstrip() for line in whole.splitlines())


def test_as_data_everything_is_exact_and_counted(
    surroundings: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    line_id, amount = next(iter(lines(surroundings).items()))
    command.explain(line_id, show_all=False, as_json=True)
    few: dict[str, Any] = json.loads(capsys.readouterr().out)
    command.explain(line_id, show_all=True, as_json=True)
    whole: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert few["line"]["amount"] == few["steps"][-1]["amount"] == amount
    assert few["holds"] is True
    for short, long in zip(few["ingestions"], whole["ingestions"], strict=True):
        assert short["payloads"]["count"] == long["payloads"]["count"] == len(long["payloads"]["first"])
        assert short["payloads"]["first"] == long["payloads"]["first"][: command.SHOWN]
        assert len(long["payloads"]["first"][0]["sha256"]) == 64
