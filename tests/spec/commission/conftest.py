"""A rule of commissions is told as a story: tables drawn in the test's docstring, then what is owed.

Tables are named by a line of their own (`revenue`, `stakes`, `clients`, `wallets`, `agreements`); columns
are parted by `|`. Amounts may be written `1.5 SOL`; `?` is an amount that is not known.
"""

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    LossPolicy,
    Method,
    Rule,
    RuleKey,
    Tier,
    TierMetric,
    TierMode,
    TierSchedule,
    TierScope,
    WalletClaim,
)
from aurora_assets.commission.engine import Computation, compute
from aurora_assets.commission.facts import ClientRevenue, PeriodFacts, Revenue, WalletStake
from aurora_assets.commission.guard import GuardPolicy
from aurora_assets.commission.history import RuleHistory
from aurora_resources.records import Component, FactState

Row = dict[str, str]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
UNITS = {"SOL": 10**9, "kSOL": 10**12, "ETH": 10**18}


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
    assert value is not None
    return value


def bps(text: str) -> int:
    exact = Fraction(text.removesuffix("%").strip()) * 100
    assert exact.denominator == 1, text
    return exact.numerator


def tables(drawing: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    rows: list[Row] | None = None
    heading: list[str] = []
    for line in inspect.cleandoc(drawing).splitlines():
        if line.strip() in ("revenue", "stakes", "clients", "wallets", "agreements"):
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


def agreement(row: Row, number: int) -> AgreementVersion:
    tiers = schedule(row)
    rule = Rule(
        rule_id="rule",
        order=1,
        component=Component(row["component"]),
        method=Method(row["method"]),
        chain_id="chain",
        validator_key=row.get("validator") or None,
        rate_bps=bps(row["pays"]) if tiers is None else None,
        tiers=tiers,
        floor=optional(row, "floor"),
        cap=optional(row, "cap"),
        guarantee=row.get("guarantee") == "yes",
        loss_policy=LossPolicy(row.get("losses", "CARRY")),
    )
    partner = row["partner"]
    return AgreementVersion(f"{partner}{number}", 1, partner, AgreementStatus.ACTIVE, LONG_AGO, None, (rule,))


@dataclass
class Story:
    """What the docstring draws, and its periods told one after the other."""

    drawn: dict[str, list[Row]]
    computations: dict[int, Computation] = field(default_factory=dict)

    def facts(self, period: int) -> PeriodFacts:
        def here(name: str) -> list[Row]:
            rows = self.drawn.get(name, [])
            return [row for row in rows if row.get("period", str(period)) == str(period)]

        return PeriodFacts(
            chain_id="chain",
            period_id=period,
            starts_at=datetime(2025, 1, 2 * period, tzinfo=UTC),
            ends_at=datetime(2025, 1, 2 * period + 2, tzinfo=UTC),
            revenues=tuple(
                Revenue(
                    row.get("validator", "V"),
                    Component(row["component"]),
                    amount(row["revenue"]),
                    FactState.MISSING if row["revenue"] == "?" else FactState(row.get("state", "FINAL")),
                )
                for row in here("revenue")
            ),
            stakes=tuple(
                WalletStake(row.get("validator", "V"), row["wallet"], amount(row["stake"]))
                for row in here("stakes")
            ),
            client_revenues=tuple(
                ClientRevenue(
                    row.get("validator", "V"), row["wallet"], Component(row["component"]), amount(row["gave"])
                )
                for row in here("clients")
            ),
        )

    def tell(self, guard: GuardPolicy = GuardPolicy.BLOCK, guard_limit: str = "100 %") -> "Story":
        """Compute every period of the revenue table in order, each with the history of the one before."""
        claims = [
            WalletClaim("chain", row["wallet"], row["partner"], LONG_AGO)
            for row in self.drawn.get("wallets", [])
        ]
        agreements = [agreement(row, number) for number, row in enumerate(self.drawn["agreements"])]
        history: dict[RuleKey, RuleHistory] = {}
        for period in sorted({int(row.get("period", "1")) for row in self.drawn["revenue"]}):
            computation = compute(
                self.facts(period),
                agreements,
                claims,
                history=history,
                guard=guard,
                guard_limit_bps=bps(guard_limit),
            )
            self.computations[period] = computation
            history = dict(computation.history)
        return self

    def owed(self, period: int = 1) -> dict[str, int]:
        """Total by partner."""
        return {partner: total.amount for partner, total in self.computations[period].totals.items()}

    def owed_by_period(self, partner: str) -> list[int]:
        return [computation.totals[partner].amount for computation in self.computations.values()]

    def lines(self, period: int = 1) -> dict[str, int]:
        """Amount by `partner validator`; a guarantee's line has no validator."""
        return {
            f"{line.partner_id} {line.validator_key or '-'}": line.amount
            for line in self.computations[period].lines
        }

    def bases(self, period: int = 1) -> dict[str, int]:
        return {line.partner_id: line.base for line in self.computations[period].lines}

    def findings(self, period: int = 1) -> list[str]:
        return [finding.code.value for finding in self.computations[period].findings]


@pytest.fixture
def story(request: pytest.FixtureRequest) -> Story:
    function = request.function
    assert function.__doc__, "a story needs a docstring with tables"
    return Story(tables(function.__doc__))


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> dict[str, Any]:
    """The design's golden vectors, from the shared data where it is at hand."""
    vectors: dict[str, Any] = json.loads((shared_data / "engine" / "golden_vectors.json").read_text())
    return vectors


@pytest.fixture(scope="session")
def integers() -> Callable[[str], list[int]]:
    """Reads the integers out of a vector's text, in order."""
    return lambda text: [int(number) for number in re.findall(r"-?\d+", text)]
