"""The computation assets of a chain: P&L, commission lines with stake per partner, and statements."""

from collections.abc import Sequence
from typing import Any, Final

import dagster as dg
import psycopg

from aurora_assets.graph.canonical import canonical_key
from aurora_assets.graph.materialize import Metadata, materialise
from aurora_assets.graph.partitions import chain_partitions
from aurora_assets.graph.registry import agreements_key
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.graph.staging import group_of
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.commissions import book_commissions
from aurora_assets.pipeline.pnl import book_pnl
from aurora_assets.statements.corrections import correct_chain
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import PeriodError
from aurora_resources.units import format_amount
from aurora_resources.warehouse.queries import read_query

LAYER: Final = "computation"
COMPUTED: Final = ("validator_pnl", "commission_lines", "commission_statements")
_ROWS_SHOWN: Final = 50


def computation_key(chain_id: str, table: str) -> dg.AssetKey:
    """Chain, layer, table."""
    return dg.AssetKey([chain_id, LAYER, table])


def computation_assets(chain: ChainSettings) -> Sequence[dg.AssetsDefinition]:
    """P&L, lines and statements, in this order."""
    chain_id = chain.chain_id
    group = group_of(chain_id, LAYER)
    partitions = chain_partitions(chain)
    whole_range = dg.BackfillPolicy.single_run()

    @dg.asset(
        key=computation_key(chain_id, "validator_pnl"),
        deps=[
            canonical_key(chain_id, table) for table in ("validator_fees", "validator_mev", "stake_rewards")
        ],
        kinds={"sql", "postgres"},
        description="What each validator earned in a period, by component; no total while one is missing.",
        group_name=group,
        partitions_def=partitions,
        backfill_policy=whole_range,
    )
    def validator_pnl(context: dg.AssetExecutionContext, aurora: AuroraResource) -> dg.MaterializeResult[Any]:
        return materialise(context, aurora, chain_id, _pnl_step)

    @dg.asset(
        key=computation_key(chain_id, "commission_lines"),
        deps=[validator_pnl, agreements_key(chain_id)],
        kinds={"python", "postgres"},
        description="What each partner is owed, line by line, with the way it was computed.",
        group_name=group,
        partitions_def=partitions,
        backfill_policy=whole_range,
    )
    def commission_lines(
        context: dg.AssetExecutionContext, aurora: AuroraResource
    ) -> dg.MaterializeResult[Any]:
        return materialise(context, aurora, chain_id, _lines_step)

    @dg.asset(
        key=computation_key(chain_id, "commission_statements"),
        deps=[commission_lines],
        kinds={"sql", "postgres"},
        description="One statement a partner and period: the sum of its lines, in DRAFT.",
        group_name=group,
        partitions_def=partitions,
        backfill_policy=whole_range,
    )
    def commission_statements(
        context: dg.AssetExecutionContext, aurora: AuroraResource
    ) -> dg.MaterializeResult[Any]:
        # A released statement stays; what its lines would be by now goes into the next one.
        for partner, count in correct_chain(aurora.warehouse, chain_id).items():
            context.log.info(f"{chain_id}: {count} corrections of released lines of {partner}")
        return materialise(context, aurora, chain_id, _statements_step)

    return [validator_pnl, commission_lines, commission_statements]


def _pnl_step(run: ChainRun, period_id: int) -> Metadata:
    booked = book_pnl(run, period_id)
    with run.warehouse.connect() as connection:
        shown = _select(connection, "computation/validator_pnl.largest_pnl", run, period_id)
        (totals,) = _select(connection, "computation/validator_pnl.pnl_totals", run, period_id)
    complete, provisional, incomplete, *sums = totals
    return {
        "dagster/row_count": booked.row_count,
        "generation": booked.generation_id,
        "changed": booked.changed,
        "complete": complete,
        "provisional": provisional,
        "incomplete": incomplete,
        "totals": _table(run, ("exec fees", "MEV tips", "vote rewards", "commission", "total"), [sums]),
        "pnl": _table(
            run,
            ("validator", "exec fees", "MEV tips", "vote rewards", "commission", "total", "state"),
            shown,
            booked.row_count,
        ),
    }


def _lines_step(run: ChainRun, period_id: int) -> Metadata:
    done = book_commissions(run, period_id)
    with run.warehouse.connect() as connection:
        shown = _select(connection, "computation/commission_lines.largest_lines", run, period_id)
    findings = "\n".join(
        f"| {finding.code} | {finding.message} | {'yes' if finding.blocks_release else 'no'} |"
        for finding in done.computation.findings[:_ROWS_SHOWN]
    )
    return {
        "dagster/row_count": done.booked.row_count,
        "generation": done.booked.generation_id,
        "changed": done.booked.changed,
        "lines": _table(
            run,
            ("partner", "agreement", "rule", "validator", "component", "base", "amount"),
            shown,
            done.booked.row_count,
        ),
        "findings": dg.MetadataValue.md(
            f"| finding | message | blocks release |\n|---|---|---|\n{findings}" if findings else "none"
        ),
    }


def _statements_step(run: ChainRun, period_id: int) -> Metadata:
    with run.warehouse.connect() as connection:
        shown = _select(connection, "computation/statements.current_sections", run, period_id)
        generation = _select(connection, "computation/generations.lines_generation", run, period_id)
    if not generation:
        raise PeriodError(
            f"{run.settings.chain_id}: period {period_id} has no commission lines; "
            "materialise computation/commission_lines first"
        )
    return {
        "dagster/row_count": len(shown),
        "statements": _table(run, ("partner", "lines", "status", "releasable", "total"), shown),
    }


def _select(
    connection: psycopg.Connection[Any], statement: str, run: ChainRun, period_id: int
) -> list[tuple[Any, ...]]:
    named = {"chain_id": run.settings.chain_id, "period_id": period_id}
    return connection.execute(read_query(statement), named).fetchall()


def _table(
    run: ChainRun, heads: Sequence[str], rows: Sequence[Sequence[object]], count: int | None = None
) -> dg.MarkdownMetadataValue:
    """A Markdown table; whole numbers under a heading of money are shown in coins, exactly."""
    decimals, unit = run.settings.native_decimals, run.settings.display_unit
    plain = {"lines"}

    def cell(head: str, value: object) -> str:
        if value is None or (isinstance(value, int) and head not in plain):
            return format_amount(value, decimals)
        return str(value)

    lines = [
        "| " + " | ".join(cell(head, value) for head, value in zip(heads, row, strict=True)) + " |"
        for row in rows[:_ROWS_SHOWN]
    ]
    total = len(rows) if count is None else count
    more = f"\n\nthe largest {_ROWS_SHOWN} of {total}" if total > _ROWS_SHOWN else ""
    header = f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    return dg.MetadataValue.md("\n".join([header, *lines]) + f"\n\nin {unit}{more}")
