"""Checks of the graph: each is a file in `sql/checks/` that selects offending rows; none means passed.

A blocking check stops what is downstream. Completeness only warns: an incomplete P&L is shown as such, and
the engine pays nothing on what is missing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg

from aurora_assets.canonical import canonical_key
from aurora_assets.computation import computation_key
from aurora_assets.partitions import chain_partitions, selected_periods
from aurora_assets.resources import AuroraResource
from aurora_resources.config import ChainSettings
from aurora_resources.warehouse.queries import read_query

_CANONICAL: Final[Mapping[str, Sequence[str]]] = {
    "validator_fees": ("fees_parts_sum",),
    "validator_mev": ("mev_parts_sum",),
    "stake_rewards": ("stakers_sum_to_validator", "stake_account_once"),
}
_COMPUTATION: Final[Mapping[str, Sequence[str]]] = {
    "validator_pnl": ("pnl_equals_facts", "pnl_complete"),
    "commission_lines": ("lines_within_revenue", "partner_stake_sums"),
    "commission_statements": ("statements_sum_lines",),
}
_WARNINGS: Final = frozenset({"pnl_complete"})
_SAMPLE: Final = 10


def chain_checks(chain: ChainSettings) -> Sequence[dg.AssetChecksDefinition]:
    """Every check of a chain's assets."""
    return [
        _check(chain, key_of(chain.chain_id, table), name)
        for key_of, tables in ((canonical_key, _CANONICAL), (computation_key, _COMPUTATION))
        for table, names in tables.items()
        for name in names
    ]


def _check(chain: ChainSettings, asset: dg.AssetKey, name: str) -> dg.AssetChecksDefinition:
    statement = read_query(f"checks/{name}.sql")
    first_line = statement.splitlines()[0].removeprefix("-- ")

    @dg.asset_check(
        asset=asset,
        name=name,
        blocking=name not in _WARNINGS,
        description=first_line,
        partitions_def=chain_partitions(chain),
    )
    def offending_rows(context: dg.AssetCheckExecutionContext, aurora: AuroraResource) -> dg.AssetCheckResult:
        periods = selected_periods(chain.chain_id, context.op_execution_context.partition_keys)
        found: dict[str, int] = {}
        sample: list[str] = []
        with aurora.warehouse.connect() as connection:
            for period_id in periods:
                rows = connection.execute(
                    statement, {"chain_id": chain.chain_id, "period_id": period_id}
                ).fetchall()
                if rows:
                    found[str(period_id)] = len(rows)
                    sample += [f"{period_id}: {_words(row)}" for row in rows[:_SAMPLE]]
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.WARN if name in _WARNINGS else dg.AssetCheckSeverity.ERROR,
            description=None if not found else f"{sum(found.values())} offending rows in {', '.join(found)}",
            metadata={
                "periods": len(periods),
                "offending_rows": sum(found.values()),
                "sample": dg.MetadataValue.md("\n".join(f"- {line}" for line in sample[:_SAMPLE]) or "none"),
            },
        )

    return offending_rows


def _words(row: Sequence[Any]) -> str:
    return ", ".join("unknown" if value is None else str(value) for value in row)
