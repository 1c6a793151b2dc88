"""Replay periods from their staged responses and compare every row with what is booked: `aurora verify`.

The pipeline's own code and SQL run again, on temporary tables, in transactions that PostgreSQL keeps from
writing anything else: canonical facts from payloads, P&L from those facts, lines from that P&L. Agreements
and wallets are taken as they stand; the rules' states from before the first period are taken from the ledger.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Final

import psycopg

from aurora_assets.agreements.store import read_agreements, read_claims
from aurora_assets.commission.agreement import RuleKey
from aurora_assets.commission.engine import compute
from aurora_assets.commission.guard import GuardPolicy, refuse_over_claims
from aurora_assets.commission.history import RuleState
from aurora_assets.pipeline import commissions, pnl, scratch
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.discrepancy import Discrepancy
from aurora_assets.pipeline.evidence import examine
from aurora_assets.pipeline.generations import (
    GenerationKey,
    current_generation,
)
from aurora_assets.pipeline.normalize import NORMALIZERS, Row, normalize_slice, read_slice
from aurora_assets.pipeline.scratch import CANONICAL, COMPUTED, ReplayTable
from aurora_resources.errors import PeriodError, ProviderError, RevenueGuardError
from aurora_resources.records import Feed
from aurora_resources.warehouse import tables
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.digest import content_digest
from aurora_resources.warehouse.queries import read_query

_NAMED: Final = 10

UNREPLAYED: Final = "(replay)"
"""The column of a discrepancy that says why something could not be replayed at all."""

_TABLES: Final[Mapping[Feed, tuple[ReplayTable, ...]]] = {
    Feed.PERIODS: (scratch.PERIODS, CANONICAL[tables.VALIDATOR_IDENTITIES]),
    Feed.FEES: (CANONICAL[tables.VALIDATOR_FEES],),
    Feed.MEV: (CANONICAL[tables.VALIDATOR_MEV],),
    Feed.REWARDS: (CANONICAL[tables.VALIDATOR_REWARDS], CANONICAL[tables.STAKE_REWARDS]),
    Feed.META: (CANONICAL[tables.VALIDATOR_META],),
}


@dataclass(slots=True)
class Verification:
    """What was compared: replayed rows by table, and where ledger and replay differ.

    `left_off` counts differing rows that are not among the discrepancies because there are too many.
    """

    chain_id: str
    periods: list[int] = field(default_factory=list)
    compared: Counter[str] = field(default_factory=Counter)
    discrepancies: list[Discrepancy] = field(default_factory=list)
    left_off: int = 0

    @property
    def equal(self) -> bool:
        """Whether the ledger is what its evidence gives, to the last unit."""
        return not self.discrepancies


def verify(run: ChainRun, first: int, last: int) -> Verification:
    """Replay and compare every period from `first` to `last`; nothing is written.

    Raises PeriodError when the range is empty or a period of it is not booked.
    """
    result = Verification(run.settings.chain_id)
    with run.warehouse.connect(autocommit=True) as connection:
        periods = _booked_periods(connection, run.settings.chain_id, first, last)
        made = scratch.Scratch(connection)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        history: dict[RuleKey, RuleState] | None = None
        for period_id in periods:
            with connection.transaction():
                history = _Replay(run, connection, made, period_id, result).replay(history)
            result.periods.append(period_id)
    return result


def _booked_periods(connection: DbConnection, chain_id: str, first: int, last: int) -> list[int]:
    if last < first:
        raise PeriodError(f"{chain_id}: --from {first} is after --to {last}; give the older period first")
    rows = connection.execute(
        read_query("computation/generations.booked_periods"),
        {"chain_id": chain_id, "first": first, "last": last},
    ).fetchall()
    booked = [row[0] for row in rows]
    if missing := sorted(set(range(first, last + 1)) - set(booked)):
        listed = ", ".join(map(str, missing[:_NAMED])) + (" and more" if len(missing) > _NAMED else "")
        raise PeriodError(
            f"{chain_id}: nothing is booked for {listed}; `aurora backfill` first, or leave it out"
        )
    return booked


@dataclass(slots=True)
class _Replay:
    """The replay of one period: everything is made first and compared then.

    `steps` are the comparisons to do and what could not be replayed, in the order of the layers.
    """

    run: ChainRun
    connection: DbConnection
    scratch: scratch.Scratch
    period_id: int
    result: Verification
    steps: list[tuple[ReplayTable, Sequence[object]] | Discrepancy] = field(default_factory=list)

    @property
    def _period(self) -> tuple[str, int]:
        return self.run.settings.chain_id, self.period_id

    def replay(self, history: Mapping[RuleKey, RuleState] | None) -> dict[RuleKey, RuleState] | None:
        """Compare the period, layer by layer; what its rules remember after it, None if it has no lines."""
        evidence = examine(self.connection, *self._period)
        self.result.compared["staging.payloads"] += evidence.payloads
        self.result.compared["staging.ingestions"] += evidence.ingestions
        self.result.discrepancies += evidence.discrepancies
        if not evidence.questions_sound:
            self._unreplayed("canonical", "not from responses to changed requests")
            after = None
        else:
            after = self._make(history)
        self.scratch.require_untouched()
        for step in self.steps:
            if isinstance(step, Discrepancy):
                self.result.discrepancies.append(step)
                continue
            found, left_off = self.scratch.compare(step[0], self.period_id, step[1])
            self.result.discrepancies += found
            self.result.left_off += left_off
        return after

    def _make(self, history: Mapping[RuleKey, RuleState] | None) -> dict[RuleKey, RuleState] | None:
        """Make the period's rows in scratch; what its rules remember after it."""
        if unknown := self._canonical():
            self._unreplayed("computation", f"not without {', '.join(feed.value for feed in unknown)}")
            return None
        pnl_id = self._pnl()
        after = self._commissions(pnl_id, history)
        self.steps.append((scratch.GENERATIONS, (*self._period, True)))
        return after

    def _canonical(self) -> list[Feed]:
        """Normalize the staged responses again; the feeds that cannot be, of those the P&L needs."""
        failed = []
        for feed in NORMALIZERS:
            try:
                self._load_facts(feed)
            except ProviderError as error:
                self._unreplayed(_TABLES[feed][-1].table.full_name, f"not normalized: {error}")
                failed.append(feed)
                continue
            self.steps += [(known, self._period) for known in _TABLES[feed]]
        if not failed:
            self.steps.append((CANONICAL[tables.FACT_FINDINGS], self._period))
        return [feed for feed in failed if feed is not Feed.META]

    def _load_facts(self, feed: Feed) -> None:
        slice_ = read_slice(self.connection, self.run, self.period_id, feed)
        if slice_ is None:
            return
        facts = normalize_slice(slice_)
        if feed is Feed.PERIODS:
            self._load(scratch.PERIODS, [(slice_.key[0], *astuple(slice_.view.period))])
        for table, rows in facts.tables.items():
            self._load(CANONICAL[table], rows)
        self._load(CANONICAL[tables.FACT_FINDINGS], facts.finding_rows(slice_.key))

    def _pnl(self) -> int | None:
        """Make the P&L; the generation it is booked under, None when it is not booked."""
        key = GenerationKey(pnl.DATASET, *self._period)
        rows = pnl.pnl_rows(self.connection, key)
        return self._computed(key, {pnl.DATASET: rows}, len(rows), None)

    def _commissions(
        self, pnl_id: int | None, history: Mapping[RuleKey, RuleState] | None
    ) -> dict[RuleKey, RuleState] | None:
        key = GenerationKey(commissions.DATASET, *self._period)
        facts = commissions.read_facts(self.connection, key)
        result = compute(
            facts,
            read_agreements(self.connection),
            read_claims(self.connection, key.chain_id),
            history=commissions.read_history(self.connection, key) if history is None else history,
            guard=GuardPolicy(self.run.settings.revenue_guard),
        )
        try:
            refuse_over_claims(result.findings)
        except RevenueGuardError as error:
            if current_generation(self.connection, key) is not None:
                self._unreplayed(COMPUTED[key.dataset].table.full_name, f"refused: {error}")
            return None
        made = commissions.rows_by_table(self.connection, key, facts, result)
        if self._computed(key, made, len(result.lines), pnl_id) is None:
            return None
        return {rule: known for rule, known in result.history.items() if rule.chain_id == key.chain_id}

    def _computed(
        self, key: GenerationKey, made: Mapping[str, Sequence[Row]], row_count: int, based_on: int | None
    ) -> int | None:
        """Load a generation's tables; its id, None when it is not booked and has nothing to compare."""
        booked = current_generation(self.connection, key)
        generation_id = None if booked is None else booked[0]
        row = (*self._period, True, key.dataset, content_digest(made), row_count, based_on)
        self._load(scratch.GENERATIONS, [row])
        for name, rows in made.items():
            self._load(COMPUTED[name], ((generation_id, *commissions.stored(row)) for row in rows))
            if generation_id is not None:
                self.steps.append((COMPUTED[name], (generation_id,)))
        return generation_id

    def _load(self, known: ReplayTable, rows: Iterable[Row]) -> None:
        self.result.compared[known.table.full_name] += self.scratch.load(known, rows)

    def _unreplayed(self, table: str, reason: str) -> None:
        self.steps.append(Discrepancy(self.period_id, table, {}, UNREPLAYED, "booked", reason))
