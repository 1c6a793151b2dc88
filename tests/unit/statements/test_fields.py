"""Every field of a statement line is in the CSV and in the API's type, or is left out on purpose."""

import dataclasses
import json
from typing import Any, Final
from uuid import UUID

import pytest

from aurora_api.queries import statement_documents
from aurora_assets.commission.statement import StatementLine, StatementStatus
from aurora_assets.statements.content import TOTALS, freeze
from aurora_assets.statements.csv_file import statement_csv
from aurora_assets.statements.store import StatementRecord, StatementView
from tests.unit.statements.samples import KEY, line, statement, true_up

NOT_IN_CSV: Final = {"allocated", "scaled", "state", "engine_version"}
API_NAMES: Final = {"version": "agreement_version", "trace": "rate"}
OTHER: Final[dict[str, Any]] = {
    "line_id": UUID(int=7),
    "agreement_id": "other",
    "version": 7,
    "rule_id": "other",
    "validator_key": "other",
    "validator_name": "other",
    "component": "MEV_TIPS",
    "method": "FIXED_SHARE",
    "base": 7,
    "trace": {"rate_bps": 7, "slices": []},
    "computed": 7,
    "amount": 7,
    "override_reason": "other",
    "allocated": True,
    "scaled": True,
    "state": "PROVISIONAL",
    "engine_version": "other",
}
NAMES: Final = [field.name for field in dataclasses.fields(StatementLine)]


def csv_row(stated: StatementLine) -> bytes:
    content = freeze(statement(stated))
    rows = statement_csv(StatementView(KEY, StatementRecord(StatementStatus.DRAFT), content)).split(b"\r\n")
    (row,) = [row for row in rows if row.startswith(b"LINE,")]
    return row


@pytest.mark.parametrize("name", [name for name in NAMES if name != "period_id"])
def test_a_changed_field_changes_the_document_and_the_csv_unless_left_out(name: str) -> None:
    changed = dataclasses.replace(line(), **{name: OTHER[name]})
    assert freeze(statement(changed)).sha256 != freeze(statement(line())).sha256
    assert (csv_row(changed) == csv_row(line())) == (name in NOT_IN_CSV)


def test_the_api_shows_every_field() -> None:
    shown = {field.name for field in dataclasses.fields(statement_documents.StatementLine)}
    assert shown == {API_NAMES.get(name, name) for name in NAMES}


def test_totals_are_listed_in_full() -> None:
    assert tuple(freeze(statement(line())).document["totals"]) == TOTALS


def test_the_order_of_keys_in_a_stored_document_does_not_change_the_csv() -> None:
    """PostgreSQL's jsonb orders keys by length, then by bytes."""
    content = freeze(statement(line(), true_ups=(true_up(-5),), opening=-1))
    stored = dataclasses.replace(content, document=_as_jsonb(json.loads(content.canonical)))
    assert tuple(stored.document["totals"]) != TOTALS
    record = StatementRecord(StatementStatus.RELEASED, number=3)
    files = [statement_csv(StatementView(KEY, record, found)) for found in (content, stored)]
    assert files[0] == files[1]


def _as_jsonb(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_jsonb(value[key]) for key in sorted(value, key=lambda key: (len(key), key))}
    return [_as_jsonb(part) for part in value] if isinstance(value, list) else value
