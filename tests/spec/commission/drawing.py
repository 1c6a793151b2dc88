"""How a rule of commissions is drawn: tables in text, and what their words and amounts mean.

Tables are named by a line of their own (see `NAMES`); columns are parted by `|`. Amounts may be written
`1.5 SOL`; `?` is an amount that is not known. What is computed from them is in `story.py`.
"""

import inspect
from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction

from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    LossPolicy,
    Method,
    Rule,
    Tier,
    TierMetric,
    TierMode,
    TierSchedule,
    TierScope,
)
from aurora_resources.records import Component

Row = dict[str, str]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
UNITS = {"SOL": 10**9, "kSOL": 10**12, "ETH": 10**18}
GIVEN = ("periods", "revenue", "stakes", "clients", "wallets", "agreements", "guard", "restated")
FOLLOWING = ("owed", "lines", "shares", "findings", "corrections", "refused", "splits", "balances")
NAMES = (*GIVEN, *FOLLOWING)


def amount(text: str) -> int | None:
    """`1,000`, `1.5 SOL`, or `?` for unknown; exact, and refused if it is no whole native unit."""
    if text == "?":
        return None
    number, _, unit = text.replace(",", "").partition(" ")
    exact = Fraction(number) * (UNITS[unit] if unit else 1)
    assert exact.denominator == 1, text
    return exact.numerator


def known(text: str) -> int:
    value = amount(text)
    assert value is not None, "an amount that must be known"
    return value


def bps(text: str) -> int:
    exact = Fraction(text.removesuffix("%").strip()) * 100
    assert exact.denominator == 1, text
    return exact.numerator


def moment(text: str) -> datetime:
    """`2025-03-01` or `2025-03-01 12:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def tables(drawing: str) -> dict[str, list[Row]]:
    """The drawn tables by name, each a list of rows by column."""
    found: dict[str, list[Row]] = {}
    rows: list[Row] | None = None
    heading: list[str] = []
    for line in inspect.cleandoc(drawing).splitlines():
        if line.strip() in NAMES:
            rows, heading = found.setdefault(line.strip(), []), []
        elif "|" in line and rows is not None:
            cells = [cell.strip() for cell in line.split("|")]
            if heading:
                rows.append(dict(zip(heading, cells, strict=True)))
            else:
                heading = cells
        elif line.strip():
            rows = None
    return found


def schedule(row: Row) -> TierSchedule | None:
    """`10 % to 2 SOL, 15 % to 5 SOL, 20 %` or None for a flat rate."""
    if "," not in row["pays"]:
        return None
    tiers = []
    for part in row["pays"].split(", "):
        rate, _, upper = part.partition(" to ")
        tiers.append(Tier(known(upper) if upper else None, bps(rate)))
    return TierSchedule(
        tuple(tiers),
        TierMode(row.get("mode", "MARGINAL")),
        TierMetric(row.get("metric", "REVENUE")),
        TierScope(row.get("scope", "PERIOD")),
    )


def optional(row: Row, column: str) -> int | None:
    return known(row[column]) if row.get(column) else None


def date_in(row: Row, column: str) -> datetime | None:
    return moment(row[column]) if row.get(column) else None


def rule(row: Row, order: int) -> Rule:
    tiers = schedule(row)
    chain = row.get("chain", "chain")
    return Rule(
        rule_id=row.get("rule", "rule"),
        order=order,
        component=Component(row["component"]),
        method=Method(row["method"]),
        chain_id=None if chain == "any" else chain,
        validator_key=row.get("validator") or None,
        rate_bps=bps(row["pays"]) if tiers is None else None,
        tiers=tiers,
        floor=optional(row, "floor"),
        cap=optional(row, "cap"),
        guarantee=row.get("guarantee") == "yes",
        loss_policy=LossPolicy(row.get("losses", "CARRY")),
    )


def agreements(rows: list[Row]) -> list[AgreementVersion]:
    """Versions of agreements; rows of the same agreement and version are its rules."""
    grouped: defaultdict[tuple[str, int], list[Row]] = defaultdict(list)
    for number, row in enumerate(rows):
        name = row.get("agreement", f"{row['partner']}{number}")
        grouped[name, int(row.get("version", "1"))].append(row)
    return [
        AgreementVersion(
            agreement_id=name,
            version=version,
            partner_id=together[0]["partner"],
            status=AgreementStatus(together[0].get("status", "ACTIVE")),
            valid_from=date_in(together[0], "from") or LONG_AGO,
            valid_until=date_in(together[0], "until"),
            rules=tuple(rule(row, order) for order, row in enumerate(together, start=1)),
        )
        for (name, version), together in grouped.items()
    ]
