"""The canonical assets of a chain: staged answers become facts, one asset a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dagster as dg

from aurora_assets.graph.materialize import Metadata, materialise
from aurora_assets.graph.partitions import chain_partitions
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.graph.staging import findings_table, group_of, staging_key
from aurora_assets.pipeline import write_facts as normalise
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.write_facts import Normalised
from aurora_resources.config.models import ChainSettings
from aurora_resources.providers.wiring import chain_source
from aurora_resources.records import Feed

LAYER: Final = "canonical"


@dataclass(frozen=True, slots=True)
class _Table:
    """A canonical asset: the role it is understood from and what a row is."""

    role: Feed
    after: tuple[str, ...]
    step: Callable[[ChainRun, int], Normalised]
    row: str


_TABLES: Final[Mapping[str, _Table]] = {
    "validator_identities": _Table(
        Feed.PERIODS,
        (),
        normalise.normalise_period,
        "The identity each validator used in a period; the period and the validators are registered too.",
    ),
    "validator_fees": _Table(
        Feed.FEES,
        ("validator_identities",),
        normalise.normalise_fees,
        "Execution fees, one row a validator and period.",
    ),
    "validator_mev": _Table(
        Feed.MEV,
        ("validator_identities",),
        normalise.normalise_mev,
        "MEV, one row a validator and period.",
    ),
    "stake_rewards": _Table(
        Feed.REWARDS,
        ("validator_identities",),
        normalise.normalise_rewards,
        "Stake and rewards per stake account, and per validator in canonical.validator_rewards.",
    ),
    "validator_meta": _Table(
        Feed.META,
        ("validator_identities",),
        normalise.normalise_meta,
        "Descriptive data, one row a validator and period; nothing here is money.",
    ),
}


def canonical_key(chain_id: str, table: str) -> dg.AssetKey:
    """Chain, layer, table."""
    return dg.AssetKey([chain_id, LAYER, table])


def canonical_assets(chain: ChainSettings) -> Sequence[dg.AssetsDefinition]:
    """One asset a table."""
    return [_canonical_asset(chain, name, table) for name, table in _TABLES.items()]


def _canonical_asset(chain: ChainSettings, name: str, table: _Table) -> dg.AssetsDefinition:
    # The period itself is there once the identities are.
    earlier = [role for role in chain_source(chain).policies[table.role].earlier if role is not Feed.PERIODS]

    @dg.asset(
        key=canonical_key(chain.chain_id, name),
        deps=[
            *(staging_key(chain.chain_id, role) for role in (table.role, *earlier)),
            *(canonical_key(chain.chain_id, earlier) for earlier in table.after),
        ],
        group_name=group_of(chain.chain_id, LAYER),
        partitions_def=chain_partitions(chain),
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds={"python", "postgres"},
        description=table.row,
    )
    def normalised(context: dg.AssetExecutionContext, aurora: AuroraResource) -> dg.MaterializeResult[Any]:
        def step(run: ChainRun, period_id: int) -> Metadata:
            done = table.step(run, period_id)
            return {
                "dagster/row_count": done.row_count,
                "changed": done.changed,
                "findings": findings_table(done.findings),
            }

        return materialise(context, aurora, chain.chain_id, step)

    return normalised
