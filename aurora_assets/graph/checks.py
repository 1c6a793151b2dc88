"""The checks of `pipeline/checking.py` as asset checks over a run's periods; no offending row means passed.

A blocking check stops what is downstream. Completeness only warns: an incomplete P&L is shown as such, and
the engine pays nothing on a missing amount.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import dagster as dg

from aurora_assets.graph.assets import canonical_key, computation_key
from aurora_assets.graph.partitions import chain_partitions, selected_periods
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.pipeline.checking import CHECKS, Check, words
from aurora_assets.pipeline.checking import offending_rows as select_offending
from aurora_resources.config.models import ChainSettings

_SAMPLE: Final = 10
_KEYS: Final[Mapping[str, Callable[[str, str], dg.AssetKey]]] = {
    "canonical": canonical_key,
    "computation": computation_key,
}


def chain_checks(chain: ChainSettings) -> Sequence[dg.AssetChecksDefinition]:
    """Every check of a chain's assets."""
    return [_check(chain, check) for check in CHECKS]


def _check(chain: ChainSettings, check: Check) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=_KEYS[check.schema](chain.chain_id, check.table),
        name=check.name,
        blocking=check.blocking,
        description=f"Offending rows: {check.looks_for}",
        partitions_def=chain_partitions(chain),
    )
    def offending_rows(context: dg.AssetCheckExecutionContext, aurora: AuroraResource) -> dg.AssetCheckResult:
        periods = selected_periods(chain.chain_id, context.op_execution_context.partition_keys)
        found: dict[str, int] = {}
        sample: list[str] = []
        with aurora.warehouse.connect() as connection:
            for period_id in periods:
                rows = select_offending(connection, check, chain.chain_id, period_id)
                if rows:
                    found[str(period_id)] = len(rows)
                    sample += [f"{period_id}: {words(row)}" for row in rows[:_SAMPLE]]
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
            description=None if not found else f"{sum(found.values())} offending rows in {', '.join(found)}",
            metadata={
                "periods": len(periods),
                "offending_rows": sum(found.values()),
                "sample": dg.MetadataValue.md("\n".join(f"- {line}" for line in sample[:_SAMPLE]) or "none"),
            },
        )

    return offending_rows
