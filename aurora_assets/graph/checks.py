"""Checks of the graph: those of `steps/checking.py` over a run's periods; no offending row means passed.

A blocking check stops what is downstream. Completeness only warns: an incomplete P&L is shown as such, and
the engine pays nothing on what is missing.
"""

from collections.abc import Sequence
from typing import Final

import dagster as dg

from aurora_assets.graph.canonical import canonical_key
from aurora_assets.graph.computation import computation_key
from aurora_assets.graph.partitions import chain_partitions, selected_periods
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.pipeline.checking import CANONICAL_CHECKS, COMPUTATION_CHECKS, WARNINGS, looks_for, words
from aurora_assets.pipeline.checking import offending_rows as select_offending
from aurora_resources.config.models import ChainSettings

_SAMPLE: Final = 10


def chain_checks(chain: ChainSettings) -> Sequence[dg.AssetChecksDefinition]:
    """Every check of a chain's assets."""
    return [
        _check(chain, key_of(chain.chain_id, table), name)
        for key_of, tables in ((canonical_key, CANONICAL_CHECKS), (computation_key, COMPUTATION_CHECKS))
        for table, names in tables.items()
        for name in names
    ]


def _check(chain: ChainSettings, asset: dg.AssetKey, name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset,
        name=name,
        blocking=name not in WARNINGS,
        description=f"Offending rows: {looks_for(name)}",
        partitions_def=chain_partitions(chain),
    )
    def offending_rows(context: dg.AssetCheckExecutionContext, aurora: AuroraResource) -> dg.AssetCheckResult:
        periods = selected_periods(chain.chain_id, context.op_execution_context.partition_keys)
        found: dict[str, int] = {}
        sample: list[str] = []
        with aurora.warehouse.connect() as connection:
            for period_id in periods:
                rows = select_offending(connection, name, chain.chain_id, period_id)
                if rows:
                    found[str(period_id)] = len(rows)
                    sample += [f"{period_id}: {words(row)}" for row in rows[:_SAMPLE]]
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.WARN if name in WARNINGS else dg.AssetCheckSeverity.ERROR,
            description=None if not found else f"{sum(found.values())} offending rows in {', '.join(found)}",
            metadata={
                "periods": len(periods),
                "offending_rows": sum(found.values()),
                "sample": dg.MetadataValue.md("\n".join(f"- {line}" for line in sample[:_SAMPLE]) or "none"),
            },
        )

    return offending_rows
