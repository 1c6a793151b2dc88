"""The content of a statement as a document that never changes: JSON with amounts as text, and its digest.

The bytes are RFC 8785 (canonical JSON), so that everyone who has the document can compute the same SHA-256.
No name of a user and no time of a computation is in it: equal content gives equal bytes.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import rfc8785

from aurora_assets.commission.corrections import TrueUpItem
from aurora_assets.commission.statement import Statement, StatementLine, StatementPeriod

FORMAT: Final = "aurora-statement/1"

TOTALS: Final = ("lines", "true_ups", "total", "opening_balance", "payable", "closing_balance")
"""The totals of a document in the order to list them: PostgreSQL's jsonb does not keep the order of keys."""

# Amounts are text in the document, so that no reader rounds them.
_LINE_AMOUNTS: Final = ("base", "computed", "amount")
# What a correction says of its line; the document's format is fixed, whatever else a line has.
_TRUE_UP_LINE: Final = (
    "line_id", "period_id", "agreement_id", "version", "rule_id", "validator_key", "component",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FrozenContent:
    """A statement's document, the exact bytes it was hashed from, and their SHA-256 (32 bytes)."""

    document: Mapping[str, Any] = field(repr=False)
    canonical: bytes = field(repr=False)
    sha256: bytes


def freeze(statement: Statement) -> FrozenContent:
    """The document of a statement. The same statement always gives the same bytes."""
    document = _document(statement)
    canonical = rfc8785.dumps(document)
    return FrozenContent(document, canonical, hashlib.sha256(canonical).digest())


def read_lines(document: Mapping[str, Any]) -> Iterator[StatementLine]:
    """The lines of a frozen document, as they were."""
    for period in document["periods"]:
        for line in period["lines"]:
            yield read_line(line, period["period_id"])


def read_line(line: Mapping[str, Any], period_id: int) -> StatementLine:
    """One line of a frozen document, as it was. Raises msgspec.ValidationError when a field is wrong."""
    amounts = {name: int(line[name]) for name in _LINE_AMOUNTS}
    return msgspec.convert({**line, **amounts, "period_id": period_id}, StatementLine)


def _document(statement: Statement) -> dict[str, Any]:
    balance = statement.balance
    lines: dict[int, list[StatementLine]] = {period.period_id: [] for period in statement.periods}
    for line in statement.lines:
        lines[line.period_id].append(line)
    return {
        "format": FORMAT,
        "partner": {"code": statement.key.partner, "name": statement.partner_name},
        "chain": {
            "chain_id": statement.key.chain_id,
            "native_unit": statement.native_unit,
            "native_decimals": statement.native_decimals,
            "display_unit": statement.display_unit,
        },
        "billing_month": f"{statement.key.month:%Y-%m}",
        "periods": [_period(period, lines[period.period_id]) for period in statement.periods],
        "true_ups": [_true_up(item) for item in statement.true_ups],
        "totals": {
            "lines": str(statement.lines_total),
            "true_ups": str(statement.true_ups_total),
            "total": str(balance.total),
            "opening_balance": str(balance.opening),
            "payable": str(balance.payable),
            "closing_balance": str(balance.closing),
        },
    }


def _period(period: StatementPeriod, lines: list[StatementLine]) -> dict[str, Any]:
    return {
        "period_id": period.period_id,
        "label": period.label,
        "starts_at": _utc(period.starts_at),
        "ends_at": _utc(period.ends_at),
        "total": str(sum(line.amount for line in lines)),
        "lines": [_line(line) for line in lines],
    }


def _line(line: StatementLine) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(line)
    del fields["period_id"]  # said once, by the period around the lines
    return fields | {name: str(fields[name]) for name in _LINE_AMOUNTS}


def _true_up(item: TrueUpItem) -> dict[str, Any]:
    line = msgspec.to_builtins(item.line)
    return {
        "true_up_id": str(item.true_up_id),
        **{name: line[name] for name in _TRUE_UP_LINE},
        "released": str(item.released),
        "recomputed": str(item.recomputed),
        "difference": str(item.difference),
        "cause": item.cause,
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
