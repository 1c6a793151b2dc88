"""A statement as CSV: harmless to open, equal bytes for equal content."""

import csv
import io
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from aurora_assets.commission.corrections import OwedLine, TrueUpItem
from aurora_assets.commission.statement import (
    Statement,
    StatementKey,
    StatementLine,
    StatementPeriod,
    StatementStatus,
)
from aurora_assets.statements.content import freeze
from aurora_assets.statements.csv_file import statement_csv
from aurora_assets.statements.store import StatementRecord, StatementView

KEY = StatementKey("north", "c", date(2026, 1, 1))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def view(name: str = "Anna", reason: str | None = None) -> StatementView:
    line = StatementLine(
        line_id=UUID(int=1),
        period_id=800,
        agreement_id="a",
        version=1,
        rule_id="r",
        validator_key="v1",
        validator_name=name,
        component="COMMISSION",
        method="STAKE_WEIGHT",
        base=10,
        trace={
            "rate_bps": None,
            "slices": [{"rate_bps": 1000, "amount": "4"}, {"rate_bps": 1500, "amount": "6"}],
        },
        computed=1_000_000_007,
        amount=1_000_000_007,
        override_reason=reason,
        allocated=False,
        scaled=False,
        state="FINAL",
        engine_version="1",
    )
    gone = OwedLine(UUID(int=2), "north", "c", 799, "a", 1, "r", None, "MEV_TIPS", 0, None)
    statement = Statement(
        key=KEY,
        partner_name="North",
        native_unit="lamports",
        native_decimals=9,
        display_unit="SOL",
        periods=(StatementPeriod(800, "epoch 800", NOW, NOW.replace(day=3)),),
        lines=(line,),
        true_ups=(TrueUpItem(1, gone, 12, "the line is no longer due"),),
        opening_balance=-5,
    )
    return StatementView(KEY, StatementRecord(StatementStatus.RELEASED, number=3), freeze(statement))


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_every_amount_is_there_and_they_add_up() -> None:
    told = rows(statement_csv(view()))
    by_row = {row["row"]: row for row in told}
    assert [row["row"] for row in told] == [
        "LINE", "TRUE_UP", "LINES", "TRUE_UPS", "TOTAL", "OPENING_BALANCE", "PAYABLE",
        "CLOSING_BALANCE", "SHA256",
    ]  # fmt: skip
    assert (by_row["LINE"]["amount"], by_row["LINE"]["amount_coins"]) == ("1000000007", "1.000000007")
    assert by_row["LINE"]["rate"] == "tiers 1000/1500 bps"
    assert (by_row["TRUE_UP"]["amount"], by_row["TRUE_UP"]["amount_coins"]) == ("-12", "-0.000000012")
    assert by_row["TRUE_UP"]["note"] == "the line is no longer due; stated before: 12"
    assert int(by_row["PAYABLE"]["amount"]) == 1_000_000_007 - 12 - 5
    assert {row["statement_number"] for row in told} == {"3"}
    assert by_row["SHA256"]["note"] == view().content.sha256.hex()


def test_equal_content_is_equal_bytes() -> None:
    assert statement_csv(view()) == statement_csv(view())
    assert statement_csv(view()).endswith(b"\r\n")


@pytest.mark.parametrize(
    "text", ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "\tx", "\r=1", "\n=1", "\uff1d1", '=HYPERLINK("x","y")']
)
def test_a_text_is_never_a_formula(text: str) -> None:
    (line,) = [row for row in rows(statement_csv(view(name=text, reason=text))) if row["row"] == "LINE"]
    assert line["validator_name"] == f"'{text}"
    assert line["note"] == f"'{text}"


def test_commas_quotes_and_lines_stay_in_their_cell() -> None:
    text = 'a, "b"\nc'
    (line,) = [row for row in rows(statement_csv(view(name=text))) if row["row"] == "LINE"]
    assert line["validator_name"] == text
    assert line["component"] == "COMMISSION"
