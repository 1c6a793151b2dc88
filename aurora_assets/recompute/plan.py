"""Recompute as plan and apply: compare the lines computed now with the booked ones, then book them.

A plan is read in one snapshot and writes nothing. Applying books the periods in order, and only when no
period of the plan is refused; unchanged inputs write nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from aurora_assets.agreements.store import read_agreements, read_claims
from aurora_assets.commission.agreement import RuleKey
from aurora_assets.commission.facts import PeriodFacts
from aurora_assets.commission.findings import Finding
from aurora_assets.commission.guard import GuardPolicy, refuse_over_claims
from aurora_assets.commission.lines import Line
from aurora_assets.pipeline import commissions
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.commissions import book_commissions
from aurora_assets.pipeline.generations import GenerationKey
from aurora_assets.pipeline.pnl import book_pnl
from aurora_assets.recompute.periods import (
    BookedLine,
    compute_in_order,
    read_booked_lines,
    read_facts_to_book,
    read_released_partners,
    snapshot,
    would_write,
)
from aurora_assets.statements.correction_store import correct_chain
from aurora_resources.errors import RevenueGuardError


class LineKey(NamedTuple):
    """What a line is about, independent of the agreement version that pays it."""

    partner_id: str
    agreement_id: str
    rule_id: str
    validator_key: str | None


@dataclass(frozen=True, slots=True)
class LineChange:
    """A line whose amount or version would change. Amounts in native units.

    `old` and `new` are None where there is no such line; `unknown` means that the new amount cannot be
    computed, and is not zero.
    """

    key: LineKey
    component: str
    old: int | None
    new: int | None
    old_line_id: UUID | None
    new_line_id: UUID | None
    old_version: int | None
    new_version: int | None
    unknown: bool

    @property
    def difference(self) -> int | None:
        """New less old, a missing line counting as 0; None where the new amount is unknown."""
        if self.unknown:
            return None
        owed = 0 if self.new is None else self.new
        return owed if self.old is None else owed - self.old


@dataclass(frozen=True, slots=True)
class PlannedPeriod:
    """One period: the lines that would change and how many would not.

    `lines_differ` and `pnl_differs` are whether booking would write anything, `refusal` is why it would be
    refused, and `findings` are those that would block release. `released` are the partners whose statement
    with this period is released: it does not change, and their differences are corrections in a later one.
    """

    period_id: int
    changes: tuple[LineChange, ...]
    unchanged: int
    lines_differ: bool
    pnl_differs: bool
    refusal: str | None
    findings: tuple[Finding, ...]
    released: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a recompute of a gapless range of periods would do."""

    chain_id: str
    periods: tuple[PlannedPeriod, ...]

    @property
    def affected(self) -> Mapping[str, int | None]:
        """Each partner with a changed line and the sum of the differences, native units; None if unknown."""
        sums: dict[str, int | None] = {}
        for change in (change for period in self.periods for change in period.changes):
            known, difference = sums.get(change.key.partner_id, 0), change.difference
            sums[change.key.partner_id] = None if known is None or difference is None else known + difference
        return dict(sorted(sums.items()))


@dataclass(frozen=True, slots=True)
class AppliedPeriod:
    """What was booked for one period; nothing where neither P&L nor lines differ from those in force."""

    period_id: int
    pnl_changed: bool
    lines_changed: bool
    line_count: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What was booked, and the number of corrections of released lines, by partner with any."""

    periods: tuple[AppliedPeriod, ...]
    corrections: Mapping[str, int]


def plan_recompute(run: ChainRun, periods: Sequence[int]) -> Plan:
    """Compute every period as it would be booked now, in order, and compare it with what is in force.

    Raises PeriodError for a period without facts, AgreementError for an agreement version given twice.
    """
    chain_id = run.settings.chain_id
    with snapshot(run.warehouse) as connection:
        pnl_differs: dict[int, bool] = {}

        def facts() -> Iterator[PeriodFacts]:
            for period_id in periods:
                read, pnl_differs[period_id] = read_facts_to_book(connection, chain_id, period_id)
                yield read

        computed = compute_in_order(
            facts(),
            read_agreements(connection),
            read_claims(connection, chain_id),
            commissions.read_history(connection, GenerationKey(commissions.DATASET, chain_id, periods[0])),
            GuardPolicy(run.settings.revenue_guard),
        )
        planned = []
        for read, result in computed:
            booked = read_booked_lines(connection, chain_id, read.period_id)
            changes = find_changes(booked, result.lines, result.unresolved, chain_id)
            keys = {*map(_key, booked), *map(_key, result.lines)}
            planned.append(
                PlannedPeriod(
                    period_id=read.period_id,
                    changes=changes,
                    unchanged=len(keys - {change.key for change in changes}),
                    lines_differ=would_write(connection, read, result),
                    pnl_differs=pnl_differs[read.period_id],
                    refusal=_refusal(result.findings),
                    findings=tuple(finding for finding in result.findings if finding.blocks_release),
                    released=read_released_partners(connection, chain_id, read.period_id),
                )
            )
    return Plan(chain_id, tuple(planned))


def apply_plan(run: ChainRun, plan: Plan) -> Applied:
    """Book P&L and lines of every period of the plan, in order, then the corrections of what is released.

    Each period is one transaction, and so are the corrections; after an interruption, applying again
    completes the rest. Raises RevenueGuardError before anything is written when the plan has a refused
    period: later periods build on it.
    """
    refusals = [period.refusal for period in plan.periods if period.refusal is not None]
    if refusals:
        raise RevenueGuardError(f"nothing was booked: {'; '.join(refusals)}")
    applied = []
    for period in plan.periods:
        pnl = book_pnl(run, period.period_id)
        lines = book_commissions(run, period.period_id).booked
        applied.append(AppliedPeriod(period.period_id, pnl.changed, lines.changed, lines.row_count))
    return Applied(tuple(applied), correct_chain(run.warehouse, plan.chain_id))


def find_changes(
    booked: Iterable[BookedLine],
    computed: Iterable[Line],
    unresolved: Collection[RuleKey],
    chain_id: str,
) -> tuple[LineChange, ...]:
    """The lines whose amount or agreement version differs, by partner, agreement, rule and validator.

    A booked line of a rule that is unresolved now is listed as unknown.
    """
    before = {_key(line): line for line in booked}
    after = {_key(line): line for line in computed}
    changes = []
    for key in sorted(before.keys() | after.keys(), key=lambda key: (*key[:3], key[3] or "")):
        old, new = before.get(key), after.get(key)
        unknown = new is None and RuleKey(key.agreement_id, key.rule_id, chain_id) in unresolved
        if old is not None and new is not None and (old.amount, old.version) == (new.amount, new.version):
            continue
        changes.append(_change(key, old, new, unknown=unknown))
    return tuple(changes)


def _change(key: LineKey, old: BookedLine | None, new: Line | None, *, unknown: bool) -> LineChange:
    component = new.component.value if new is not None else old.component if old is not None else ""
    return LineChange(
        key=key,
        component=component,
        old=None if old is None else old.amount,
        new=None if new is None else new.amount,
        old_line_id=None if old is None else old.line_id,
        new_line_id=None if new is None else new.line_id,
        old_version=None if old is None else old.version,
        new_version=None if new is None else new.version,
        unknown=unknown,
    )


def _key(line: BookedLine | Line) -> LineKey:
    return LineKey(line.partner_id, line.agreement_id, line.rule_id, line.validator_key)


def _refusal(findings: Sequence[Finding]) -> str | None:
    try:
        refuse_over_claims(findings)
    except RevenueGuardError as refused:
        return str(refused)
    return None
