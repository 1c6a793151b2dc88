"""Wallet files: what is written is read back, nothing a spreadsheet runs, and every bad row is named."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_assets.agreements.wallet_csv import ROWS_MAX, read_wallet_csv, write_wallet_csv
from aurora_resources.errors import AgreementError

TRIGGERS = ("=", "+", "-", "@", "\t", "\r")
# Any text but surrogates, NUL, and space at the ends, which the model takes off.
NOTES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40).filter(
    lambda text: text == text.strip() and text
)
HEAD = "chain,wallet,from,until,notes\n"


@given(
    NOTES | st.builds(lambda mark, rest: f"{mark}{rest}x", st.sampled_from(["=", "+", "-", "@", "'="]), NOTES)
)
def test_notes_come_back_as_they_were_and_are_no_formula(notes: str) -> None:
    text = write_wallet_csv([("c", "w", "2026-01-01T00:00:00+00:00", None, notes)])
    (cells,) = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert not cells[4].startswith(TRIGGERS)
    (row,) = read_wallet_csv(text)
    assert row.entry is not None, row.fault
    assert row.entry.notes == notes
    assert row.entry.valid_from == datetime(2026, 1, 1, tzinfo=UTC)
    assert row.entry.valid_until is None


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1"])
def test_every_cell_that_a_spreadsheet_would_run_is_quoted(formula: str) -> None:
    text = write_wallet_csv([(formula, formula, formula, formula, formula)])
    (cells,) = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert cells == [f"'{formula}"] * 5


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "c,w,2026-01-01,,\n",
        "\ufeff" + HEAD + "c,w,2026-01-01,,\r\n\r\n",
        "Wallet;From;Chain\nw;2026-01-01T00:00:00Z;c\n",
        "wallet,chain,from\n\n w , c ,2026-01-01 00:00:00\n,,\n",
    ],
)
def test_files_as_people_make_them_are_read(text: str) -> None:
    (row,) = read_wallet_csv(text)
    assert row.entry is not None, row.fault
    assert (row.entry.chain, row.entry.wallet) == ("c", "w")
    assert row.entry.valid_from == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("c,w", "it has 2 cells, the first line 5"),
        ("c,w,2026-01-01,,,x", "it has 6 cells"),
        ("c,,2026-01-01,,", "wallet: String should have at least 1 character"),
        ("c,w,,,", "from: Value error, '' is not a time"),
        ("c,w,2020,,", "from: Value error, '2020' is not a time; write 2026-01-31"),
        ("c,w,1577836800,,", "is not a time"),
        ("c,w,01.02.2026,,", "is not a time"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_read(cells: str, told: str) -> None:
    good, bad, other = read_wallet_csv(f"{HEAD}c,a,2026-01-01,,\n{cells}\nc,b,2026-01-01,,\n")
    assert good.entry is not None
    assert other.entry is not None
    assert (bad.line, bad.entry) == (3, None)
    assert told in (bad.fault or "")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no rows"),
        (HEAD, "has no rows"),
        ("chain,wallet\nc,w\n", "must name each column once"),
        ("chain,wallet,from,from\n", "must name each column once"),
        ("chain,wallet,from,colour\n", "must name each column once"),
        (HEAD + 'c,"w"x,2026-01-01,,\n', "line 2: not valid CSV"),
        (HEAD + "c,w,2026-01-01,,\n" * (ROWS_MAX + 1), "more than 10,000 rows"),
    ],
)
def test_what_is_no_file_of_wallets_is_refused(text: str, told: str) -> None:
    with pytest.raises(AgreementError, match=told):
        read_wallet_csv(text)
