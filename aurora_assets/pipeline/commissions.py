"""Book what partners are owed for one period: facts in, the engine, lines and statements out.

The engine does all arithmetic; this module reads and writes. Lines, findings, histories, stake per
partner and statements are one generation, written in one transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from aurora_assets.agreements.store import read_agreements, read_claims, read_partner_ids
from aurora_assets.agreements.terms import ChainTerms
from aurora_assets.commission.agreement import RuleKey
from aurora_assets.commission.engine import Computation, compute
from aurora_assets.commission.facts import ClientRevenue, PeriodFacts, Revenue, WalletStake
from aurora_assets.commission.guard import GuardPolicy, refuse_over_claims
from aurora_assets.commission.history import RuleState
from aurora_assets.commission.lines import ENGINE_VERSION, LINE_NAMESPACE, Line
from aurora_assets.commission.payout import RuleTrace
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.generations import (
    Booked,
    GenerationKey,
    begin_generation,
    current_generation,
    keep_terms,
)
from aurora_resources.errors import PeriodError
from aurora_resources.records import Component, FactState
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.digest import content_digest
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.slices import add_rows
from aurora_resources.warehouse.tables import COMPUTED_TABLES, Table, use_ledger_tables

DATASET = "commission_lines"

CURRENT_PNL: Final = "computation/inputs.current_pnl"
"""The statement that reads the P&L in force."""

_TABLES: Final[Mapping[str, Table]] = {table.name: table for table in COMPUTED_TABLES}

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class BookedCommissions:
    """The booked generation and the result of the engine."""

    booked: Booked
    computation: Computation


def book_commissions(run: ChainRun, period_id: int) -> BookedCommissions:
    """Compute and book lines, statements and stake per partner of one period.

    Unchanged content is not written; only its terms are recorded. Raises PeriodError if the period has no
    P&L, RevenueGuardError if the claims exceed a validator's revenue and the chain's guard blocks; then
    nothing is booked.
    """
    key = GenerationKey(DATASET, run.settings.chain_id, period_id)
    guard = GuardPolicy(run.settings.revenue_guard)
    with run.warehouse.transaction(("computation", DATASET, key.chain_id, str(period_id))) as connection:
        use_ledger_tables(connection)
        pnl = current_generation(connection, GenerationKey("validator_pnl", key.chain_id, period_id))
        if pnl is None:
            raise PeriodError(
                f"{key.chain_id}: period {period_id} has no P&L; materialize computation/validator_pnl first"
            )
        facts = read_facts(connection, key)
        agreements, claims = read_agreements(connection), read_claims(connection, key.chain_id)
        history = read_history(connection, key)
        result = compute(facts, agreements, claims, history=history, guard=guard)
        refuse_over_claims(result.findings)
        tables = rows_by_table(connection, key, facts, result)
        digest = content_digest(tables)
        terms = ChainTerms(key.chain_id, agreements, claims).digest(facts.starts_at, history)
        current = current_generation(connection, key)
        count = len(result.lines)
        if current is not None and current[1] == digest:
            keep_terms(connection, current[0], terms)
            return BookedCommissions(Booked(current[0], count, changed=False), result)
        generation_id = begin_generation(
            connection,
            key,
            digest=digest,
            row_count=count,
            based_on=pnl[0],
            engine_version=ENGINE_VERSION,
            run_id=run.run_id,
            terms_digest=terms,
        )
        for name, rows in tables.items():
            add_rows(connection, _TABLES[name], ((generation_id, *stored(row)) for row in rows))
        return BookedCommissions(Booked(generation_id, count, changed=True), result)


def read_facts(connection: DbConnection, key: GenerationKey, pnl_query: str = CURRENT_PNL) -> PeriodFacts:
    """The facts that the engine computes a period from, of the tables on the session's search path.

    `pnl_query` names the statement that gives the P&L.
    """
    named = {"chain_id": key.chain_id, "period_id": key.period_id}
    with connection.cursor(row_factory=dict_row) as cursor:
        (period,) = cursor.execute(read_query("computation/inputs.period"), named).fetchall()
        pnl = cursor.execute(read_query(pnl_query), named).fetchall()
        stakes = cursor.execute(read_query("computation/inputs.wallet_stakes"), named).fetchall()
        clients = cursor.execute(read_query("computation/inputs.client_revenue"), named).fetchall()
    return PeriodFacts(
        chain_id=key.chain_id,
        period_id=key.period_id,
        starts_at=period["starts_at"],
        ends_at=period["ends_at"],
        revenues=tuple(
            Revenue(
                row["validator_key"],
                component,
                row[component.lower()],
                FactState(row[f"{component.lower()}_state"]),
            )
            for row in pnl
            for component in Component
        ),
        stakes=tuple(WalletStake(row["validator_key"], row["wallet"], row["active_stake"]) for row in stakes),
        client_revenues=tuple(
            ClientRevenue(row["validator_key"], row["wallet"], Component(row["component"]), row["amount"])
            for row in clients
        ),
    )


def read_history(connection: DbConnection, key: GenerationKey) -> dict[RuleKey, RuleState]:
    """The state that each rule carries over from the period before.

    If that period is not booked but an earlier one is, the state is unknown; the engine then reports the rule
    as unresolved.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            read_query("computation/generations.rule_states_before"),
            {"chain_id": key.chain_id, "period_id": key.period_id},
        ).fetchall()
    return to_history(rows, key.chain_id, adjacent=all(row["adjacent"] for row in rows))


def to_history(
    rows: Iterable[Mapping[str, Any]], chain_id: str, *, adjacent: bool
) -> dict[RuleKey, RuleState]:
    """The state of rules after one booked period; unless `adjacent`, there is a gap before the next one."""
    return {
        RuleKey(row["agreement_id"], row["rule_id"], chain_id): RuleState(
            base_to_date=row["base_to_date"] if adjacent or row["scope_window"] is None else None,
            loss_carried=row["loss_carried"],
            window=row["scope_window"],
        )
        for row in rows
    }


def rows_by_table(
    connection: DbConnection,
    key: GenerationKey,
    facts: PeriodFacts,
    result: Computation,
) -> dict[str, list[Row]]:
    """The generation's rows by table, in the order of their columns, without the generation."""
    partner_ids = read_partner_ids(connection)
    slice_key = (key.chain_id, key.period_id)
    month = _month(facts.ends_at)
    stakes = connection.execute(
        read_query("computation/inputs.partner_stake"),
        {"chain_id": key.chain_id, "period_id": key.period_id, "starts_at": facts.starts_at},
    ).fetchall()
    return {
        "commission_lines": [_line_row(line, partner_ids) for line in result.lines],
        "commission_statements": [
            (
                statement_id(partner, *slice_key),
                partner_ids[partner],
                *slice_key,
                month,
                "DRAFT",
                total.amount,
                total.line_count,
                total.complete,
            )
            for partner, total in sorted(result.totals.items())
        ],
        "partner_stake": [(*slice_key, *row) for row in stakes],
        "rule_histories": [
            (
                *slice_key,
                rule.agreement_id,
                rule.rule_id,
                known.base_to_date,
                known.loss_carried,
                known.window,
            )
            for rule, known in sorted(result.history.items())
            if rule.chain_id == key.chain_id
        ],
        "findings": [
            (
                position,
                finding.code.value,
                finding.message,
                None if finding.partner_id is None else partner_ids[finding.partner_id],
                finding.validator_key,
                None if finding.component is None else finding.component.value,
                finding.blocks_release,
            )
            for position, finding in enumerate(result.findings)
        ],
    }


def statement_id(partner_code: str, chain_id: str, period_id: int) -> UUID:
    """UUIDv5 of partner, chain and period: the same at every recompute."""
    return uuid5(LINE_NAMESPACE, f"statement/{partner_code}/{chain_id}/{period_id}")


def _month(ends_at: datetime) -> date:
    """The billing month: the one in which the period ended, UTC."""
    return ends_at.astimezone(UTC).date().replace(day=1)


def _line_row(line: Line, partner_ids: Mapping[str, int]) -> Row:
    return (
        line.line_id,
        line.chain_id,
        line.period_id,
        line.validator_key,
        partner_ids[line.partner_id],
        line.agreement_id,
        line.version,
        line.rule_id,
        line.component.value,
        line.method.value,
        line.base,
        _trace(line.trace),
        line.trace.floor_applied,
        line.trace.cap_applied,
        line.scaled,
        line.allocated,
        line.state.value,
        line.claimed,
        line.amount,
        line.engine_version,
    )


def _trace(trace: RuleTrace) -> dict[str, object]:
    """How the total of the rule was computed; amounts as text, since JSON readers may read them as floats."""
    amounts = ("base", "losses", "loss_offset", "net_base", "base_before", "stake", "earned")
    flags = {name: value for name, value in asdict(trace).items() if name not in {"slices", *amounts}}
    return (
        {name: None if (value := getattr(trace, name)) is None else str(value) for name in amounts}
        | flags
        | {"slices": [{"amount": str(part.amount), "rate_bps": part.rate_bps} for part in trace.slices]}
    )


def stored(row: Row) -> Row:
    """The row as PostgreSQL takes it."""
    return tuple(Jsonb(value) if isinstance(value, dict) else value for value in row)
