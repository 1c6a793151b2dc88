"""A rule of commissions is told as a story: tables drawn in the test's docstring, then what is owed.

Some tables draw what is given, the others what follows from it: `Story.holds` computes, and compares with
every table of the second kind. How tables are drawn is in `drawing.py`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aurora_assets.commission.activation import find_faults
from aurora_assets.commission.agreement import RuleKey, WalletClaim
from aurora_assets.commission.attribution import Attribution, owners_at
from aurora_assets.commission.corrections import find_true_ups
from aurora_assets.commission.engine import Computation, compute
from aurora_assets.commission.facts import ClientRevenue, PeriodFacts, Revenue, WalletStake
from aurora_assets.commission.guard import GuardPolicy
from aurora_assets.commission.history import RuleState
from aurora_resources.records import Component, FactState
from tests.spec.commission.drawing import FOLLOWING, LONG_AGO, Row, agreements, amount, bps, date_in, moment

NOBODY = "nobody"


@dataclass
class Story:
    """What the docstring draws, and its periods told one after the other."""

    drawn: dict[str, list[Row]]
    computations: dict[int, Computation] = field(default_factory=dict)

    @property
    def claims(self) -> list[WalletClaim]:
        return [
            WalletClaim(
                row.get("chain", "chain"),
                row["wallet"],
                row["partner"],
                date_in(row, "from") or LONG_AGO,
                date_in(row, "until"),
            )
            for row in self.drawn.get("wallets", [])
        ]

    def facts(self, period: int, revenue: str = "revenue") -> PeriodFacts:
        def here(name: str) -> list[Row]:
            rows = self.drawn.get(name, [])
            return [row for row in rows if row.get("period", str(period)) == str(period)]

        drawn = {row["period"]: row for row in self.drawn.get("periods", [])}.get(str(period))
        return PeriodFacts(
            chain_id="chain",
            period_id=period,
            starts_at=moment(drawn["starts"]) if drawn else datetime(2025, 1, 2 * period, tzinfo=UTC),
            ends_at=moment(drawn["ends"]) if drawn else datetime(2025, 1, 2 * period + 2, tzinfo=UTC),
            revenues=tuple(
                Revenue(
                    row.get("validator", "V"),
                    Component(row["component"]),
                    amount(row["revenue"]),
                    FactState.MISSING if row["revenue"] == "?" else FactState(row.get("state", "FINAL")),
                )
                for row in here(revenue)
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

    def tell(
        self,
        guard: GuardPolicy = GuardPolicy.BLOCK,
        guard_limit: str = "100 %",
        *,
        revenue: str = "revenue",
    ) -> "Story":
        """Compute every period of the revenue table in order, each with the history of the one before."""
        history: dict[RuleKey, RuleState] = {}
        for period in sorted({int(row.get("period", "1")) for row in self.drawn[revenue]}):
            computation = compute(
                self.facts(period, revenue),
                agreements(self.drawn.get("agreements", [])),
                self.claims,
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

    def holds(self) -> None:
        """Compute what is drawn and compare it with everything that is drawn to follow from it.

        Every table that is drawn must be complete; without a table of findings there must be none.
        """
        (guard,) = self.drawn.get("guard", [{"policy": "BLOCK", "limit": "100 %"}])
        self.tell(GuardPolicy(guard["policy"]), guard.get("limit", "100 %"))
        assert self.drawn.keys() & set(FOLLOWING), "nothing is said to follow"
        if "owed" in self.drawn:
            self._compare("owed", self._owed_rows())
        if "lines" in self.drawn:
            self._compare("lines", self._line_rows())
        if "shares" in self.drawn:
            self._compare("shares", self._share_rows())
        self._compare("findings", self._finding_rows())
        if "corrections" in self.drawn:
            self._compare("corrections", self._correction_rows())

    def refuses(self) -> None:
        """Every drawn agreement is refused when it is to be put in force, for the reason drawn."""
        expected = {row["agreement"]: row["because"] for row in self.drawn["refused"]}
        given = agreements(self.drawn["agreements"])
        assert {version.agreement_id for version in given} == expected.keys()
        for version in given:
            (fault,) = find_faults(version)
            assert expected[version.agreement_id] in fault

    def _compare(self, name: str, computed: Iterator[Row]) -> None:
        """Compare in the columns that are drawn, amounts as amounts, whatever the order of rows."""
        drawn = self.drawn.get(name, [])
        columns = list(drawn[0]) if drawn else []

        def value(row: Row, column: str) -> str:
            text = row[column]
            is_amount = column in {"amount", "base", "share", "released", "recomputed", "difference"}
            return str(amount(text)) if is_amount else text

        rows = [*computed]
        if drawn:
            rows = [{column: value(row, column) for column in columns} for row in rows]
        expected = [{column: value(row, column) for column in columns} for row in drawn]
        assert Counter(map(str, rows)) == Counter(map(str, expected)), (name, rows, expected)

    def _owed_rows(self) -> Iterator[Row]:
        for period, computation in self.computations.items():
            for partner, total in computation.totals.items():
                yield {
                    "period": str(period),
                    "partner": partner,
                    "amount": str(total.amount),
                    "releasable": "yes" if total.complete else "no",
                }

    def _line_rows(self) -> Iterator[Row]:
        for period, computation in self.computations.items():
            for line in computation.lines:
                yield {
                    "period": str(period),
                    "partner": line.partner_id,
                    "agreement": line.agreement_id,
                    "version": str(line.version),
                    "rule": line.rule_id,
                    "validator": line.validator_key or "none",
                    "base": str(line.base),
                    "amount": str(line.amount),
                    "marked": " ".join(
                        mark
                        for mark, is_set in (
                            ("ALLOCATED", line.allocated),
                            ("SCALED", line.scaled),
                            ("PROVISIONAL", line.state is FactState.PROVISIONAL),
                        )
                        if is_set
                    ),
                }

    def _share_rows(self) -> Iterator[Row]:
        for period in self.computations:
            facts = self.facts(period)
            owners, _ = owners_at(self.claims, facts.chain_id, facts.starts_at)
            attribution = Attribution(facts, owners)
            for validator, component in sorted(attribution.revenues):
                parts = attribution.parts(validator, component)
                assert parts is not None
                for owner, part in parts.items():
                    yield {"period": str(period), "of": owner or NOBODY, "share": str(part)}

    def _finding_rows(self) -> Iterator[Row]:
        for period, computation in self.computations.items():
            for finding in computation.findings:
                yield {
                    "period": str(period),
                    "finding": finding.code.value,
                    "blocks release": "yes" if finding.blocks_release else "no",
                }

    def _correction_rows(self) -> Iterator[Row]:
        again = Story(self.drawn).tell(revenue="restated")
        for period, released in self.computations.items():
            restated = again.computations[period]
            names = {
                line.line_id: line.validator_key or "none" for line in (*released.lines, *restated.lines)
            }
            for true_up in find_true_ups(released.lines, restated.lines, restated.unresolved):
                yield {
                    "period": str(period),
                    "partner": true_up.partner_id,
                    "validator": names[true_up.line_id],
                    "released": str(true_up.released),
                    "recomputed": str(true_up.recomputed),
                    "difference": str(true_up.difference),
                }
