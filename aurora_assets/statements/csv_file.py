"""A statement as CSV (RFC 4180): the same content always gives the same bytes.

Every line, every correction, then the totals in a fixed order. A text that a spreadsheet would run as a
formula is put behind an apostrophe; amounts stay plain numbers, in native units and beside them in coins.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from aurora_assets.statements.content import TOTALS
from aurora_assets.statements.store import StatementView
from aurora_resources.units import format_amount

_COLUMNS: Final = (
    "row", "statement_number", "status", "partner", "chain", "month", "period", "agreement", "version",
    "rule", "validator", "validator_name", "component", "method", "base", "rate", "computed", "amount",
    "unit", "amount_coins", "coin", "note", "line_id",
)  # fmt: skip
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# What Excel, LibreOffice and Google Sheets take for the beginning of a formula, or skip before one.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def statement_csv(view: StatementView) -> bytes:
    """The statement as UTF-8 CSV with a heading; the last row has the content's SHA-256."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in _rows(view):
        writer.writerow({column: _harmless(value) for column, value in row.items()})
    return text.getvalue().encode()


def rate_text(trace: Mapping[str, Any]) -> str:
    """`1000 bps`, or the rates of the tiers that were reached: `tiers 1000/1500 bps`."""
    if trace["rate_bps"] is not None:
        return f"{trace['rate_bps']} bps"
    return f"tiers {'/'.join(str(part['rate_bps']) for part in trace['slices'])} bps"


def _harmless(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _rows(view: StatementView) -> Iterator[dict[str, object]]:
    document = view.content.document
    chain = document["chain"]
    shared = {
        "statement_number": view.record.number,
        "status": view.record.status.value,
        "partner": document["partner"]["code"],
        "chain": chain["chain_id"],
        "month": document["billing_month"],
    }

    def money(amount: str) -> dict[str, object]:
        coins = format_amount(int(amount), chain["native_decimals"], separator="")
        return {
            "amount": amount,
            "unit": chain["native_unit"],
            "amount_coins": coins,
            "coin": chain["display_unit"],
        }

    for period in document["periods"]:
        for line in period["lines"]:
            yield {"row": "LINE", **shared, **_about(line, period["period_id"]), **money(line["amount"])} | {
                "validator_name": line["validator_name"],
                "method": line["method"],
                "base": line["base"],
                "rate": rate_text(line["trace"]),
                "computed": line["computed"],
                "note": line["override_reason"],
            }
    for item in document["true_ups"]:
        yield {
            "row": "TRUE_UP",
            **shared,
            **_about(item, item["period_id"]),
            **money(item["difference"]),
        } | {
            "computed": item["recomputed"],
            "note": f"{item['cause']}; stated before: {item['released']}",
        }
    for name in TOTALS:
        yield {"row": name.upper(), **shared, **money(document["totals"][name])}
    yield {"row": "SHA256", **shared, "note": view.content.sha256.hex()}


def _about(line: Mapping[str, Any], period_id: int) -> dict[str, object]:
    return {
        "period": period_id,
        "agreement": line["agreement_id"],
        "version": line["version"],
        "rule": line["rule_id"],
        "validator": line["validator_key"],
        "component": line["component"],
        "line_id": line["line_id"],
    }
