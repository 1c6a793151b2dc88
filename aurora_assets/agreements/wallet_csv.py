"""Partners' wallets as CSV: columns `chain`, `wallet`, `from` and, if wanted, `until` and `notes`.

What is written can be read again. A file is claimed for a partner as a whole: every row is checked, and all
are written or none.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg

from aurora_assets.agreements.entries import KnownChain, WalletEntry, normalize_wallet, parse_entry, to_claim
from aurora_assets.agreements.store import read_chains
from aurora_assets.agreements.wallets import ClaimOutcome, add_claims
from aurora_resources.errors import AgreementError

COLUMNS: Final = ("chain", "wallet", "from", "until", "notes")
REQUIRED: Final = frozenset({"chain", "wallet", "from"})
ROWS_MAX: Final = 10_000

# A spreadsheet would run a cell that starts so as a formula. Quoted once more it is text, and is read back
# as it was; a cell that came quoted is quoted again, so that it comes back quoted.
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA: Final = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class WalletRow:
    """A row of a file: its line, what it says if it can be understood, else the fault."""

    line: int
    chain: str
    wallet: str
    entry: WalletEntry | None
    fault: str | None = None


def read_wallet_csv(text: str) -> tuple[WalletRow, ...]:
    """Every row, understood or with its fault. Raises AgreementError for a file without the columns or rows.

    Commas or semicolons (as spreadsheets write them in many countries); empty lines are passed over.
    """
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    first = lines.readline()
    separator = ";" if ";" in first and "," not in first else ","
    lines.seek(0)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    rows: list[WalletRow] = []
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _header(cells)
                continue
            if len(rows) == ROWS_MAX:
                raise AgreementError(f"the file has more than {ROWS_MAX:,} rows; upload it in parts")
            rows.append(_row(reader.line_num, header, cells))
    except csv.Error as problem:
        raise AgreementError(f"line {reader.line_num}: not valid CSV: {problem}") from None
    if not rows:
        raise AgreementError(f"the file has no rows; write {','.join(COLUMNS)} and a row for each wallet")
    return tuple(rows)


def write_wallet_csv(rows: Iterable[Sequence[str | None]]) -> str:
    """`rows` of `COLUMNS`, harmless when a spreadsheet opens it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(["" if cell is None else _harmless(cell) for cell in row])
    return out.getvalue()


def _header(cells: Sequence[str]) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    missing, unknown = REQUIRED - set(header), set(header) - set(COLUMNS)
    if missing or unknown or len(set(header)) < len(header):
        raise AgreementError(
            f"the first line is {', '.join(header)}; it must name each column once: chain, wallet, from "
            "and, if wanted, until and notes"
        )
    return header


def _row(line: int, header: Sequence[str], cells: Sequence[str]) -> WalletRow:
    read = dict(zip(header, (_as_meant(cell.strip(" ")) for cell in cells), strict=False))
    chain, wallet = read.get("chain", ""), read.get("wallet", "")
    if len(cells) != len(header):
        fault = f"it has {len(cells)} cells, the first line {len(header)}: mend the separators"
        return WalletRow(line, chain, wallet, None, fault)
    try:
        return WalletRow(line, chain, wallet, _entry(read))
    except AgreementError as problem:
        return WalletRow(line, chain, wallet, None, str(problem))


def _entry(read: Mapping[str, str]) -> WalletEntry:
    """An empty optional cell is one that is left out."""
    given = {name: cell for name, cell in read.items() if cell or name in REQUIRED}
    return parse_entry(WalletEntry, given, "row")


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_meant(cell: str) -> str:
    return cell[1:] if _QUOTED_FORMULA.match(cell) else cell


@dataclass(frozen=True, slots=True)
class RowReport:
    """What becomes of a row: its line, what it names as it stands there, and why it is refused if it is."""

    line: int
    chain: str
    wallet: str
    outcome: ClaimOutcome
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Every row in the file's order; `written` is False when one of them is refused, and nothing was."""

    rows: tuple[RowReport, ...]

    @property
    def written(self) -> bool:
        """Whether the file was taken."""
        return all(row.outcome is not ClaimOutcome.REFUSED for row in self.rows)


def upload(connection: psycopg.Connection[Any], partner_code: str, partner_id: int, text: str) -> Report:
    """Claim the wallets of a CSV file. The caller takes back what was written where the report is a refusal.

    Raises AgreementError for a file that cannot be read as one.
    """
    chains = read_chains(connection)
    rows = [_checked(row, partner_code, chains) for row in read_wallet_csv(text)]
    sound: list[tuple[WalletRow, WalletEntry]] = [(row, row.entry) for row in rows if row.entry is not None]
    judged = add_claims(connection, partner_code, partner_id, [entry for _, entry in sound])
    by_line = {
        row.line: RowReport(row.line, row.chain, row.wallet, each.outcome, each.fault)
        for (row, _), each in zip(sound, judged, strict=True)
    }
    return Report(tuple(by_line.get(row.line) or _refused(row) for row in rows))


def _checked(row: WalletRow, partner_code: str, chains: Mapping[str, KnownChain]) -> WalletRow:
    if row.entry is None:
        return row
    try:
        entry = normalize_wallet(row.entry, chains)
        to_claim(partner_code, entry)
    except AgreementError as fault:
        return replace(row, entry=None, fault=str(fault))
    return replace(row, entry=entry)


def _refused(row: WalletRow) -> RowReport:
    return RowReport(row.line, row.chain, row.wallet, ClaimOutcome.REFUSED, row.fault)
