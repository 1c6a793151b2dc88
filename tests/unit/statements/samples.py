"""Statements to test with: one partner, one chain, January 2026; amounts beyond 64 bits."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from aurora_assets.commission.corrections import OwedLine, TrueUpItem
from aurora_assets.commission.statement import Statement, StatementKey, StatementLine, StatementPeriod

KEY = StatementKey("north", "solana-mainnet", date(2026, 1, 1))
MONTH = KEY.month


def line(number: int = 1, **fields: Any) -> StatementLine:
    given: dict[str, Any] = {
        "line_id": UUID(int=number),
        "period_id": 800,
        "agreement_id": "a",
        "version": 1,
        "rule_id": "r",
        "validator_key": "v1",
        "validator_name": "Validator \u2116 1",
        "component": "COMMISSION",
        "method": "STAKE_WEIGHT",
        "base": 2**200 + 1,
        "trace": {"rate_bps": 5000, "slices": []},
        "computed": 2**199,
        "amount": 2**199,
        "override_reason": None,
        "allocated": False,
        "scaled": False,
        "state": "FINAL",
        "engine_version": "1",
    }
    return StatementLine(**(given | fields))


def statement(*lines: StatementLine, opening: int = 0, true_ups: tuple[TrueUpItem, ...] = ()) -> Statement:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return Statement(
        key=KEY,
        partner_name="North",
        native_unit="lamports",
        native_decimals=9,
        display_unit="SOL",
        periods=(StatementPeriod(800, "epoch 800", start, start.replace(day=3)),),
        lines=lines,
        true_ups=true_ups,
        opening_balance=opening,
    )


def true_up(difference: int) -> TrueUpItem:
    owed = OwedLine(UUID(int=9), "north", "solana-mainnet", 799, "a", 1, "r", "v1", "COMMISSION", 100, 7)
    return TrueUpItem(1, owed, 100 - difference, "restated")
