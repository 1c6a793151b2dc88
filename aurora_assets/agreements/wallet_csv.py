"""Partners' wallets as CSV: columns `chain`, `wallet`, `from` and, if wanted, `until` and `notes`.

What is written can be read again. Pure; what becomes of the rows is in `wallets.py`.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aurora_assets.agreements.entries import WalletEntry, parse_entry
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
