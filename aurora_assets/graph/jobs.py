"""The jobs of a chain: the whole pipeline, the computation alone, and the stake snapshot."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import dagster as dg

# The return type of dg.define_asset_job, which has no public name.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from aurora_assets.graph.assets import COMPUTED, computation_key, staging_key
from aurora_resources.config.models import ChainSettings
from aurora_resources.records import Feed


def job_name(chain_id: str) -> str:
    """The name of the job that runs a chain's whole pipeline."""
    return f"{chain_id.replace('-', '_')}_all"


def snapshot_job_name(chain_id: str) -> str:
    """The name of a chain's stake snapshot job."""
    return f"{chain_id.replace('-', '_')}_stake_snapshot"


def recompute_job_name(chain_id: str) -> str:
    """The name of a chain's job that computes without fetching."""
    return f"{chain_id.replace('-', '_')}_recompute"


def refresh_config(chain_id: str, *, refresh: bool) -> Mapping[str, Any]:
    """The run configuration of the whole job; `refresh` fetches again even where nothing is left open."""
    staging = [key.to_python_identifier() for key in (staging_key(chain_id, feed) for feed in Feed)]
    return {"ops": {name: {"config": {"refresh": refresh}} for name in staging}}


class ChainJobs(NamedTuple):
    """`everything` runs from the providers to the statements, `recompute` from the canonical facts.

    `snapshot` stages the stake accounts; it must run during the next period, before the chain drops them.
    """

    everything: UnresolvedAssetJobDefinition
    snapshot: UnresolvedAssetJobDefinition
    recompute: UnresolvedAssetJobDefinition


def chain_jobs(chain: ChainSettings) -> ChainJobs:
    """The jobs of a chain."""
    return ChainJobs(
        everything=dg.define_asset_job(
            job_name(chain.chain_id),
            selection=dg.AssetSelection.key_prefixes([chain.chain_id]),
            description=f"{chain.name}: fetch, normalize, compute P&L, commissions and statements.",
        ),
        snapshot=dg.define_asset_job(
            snapshot_job_name(chain.chain_id),
            selection=dg.AssetSelection.assets(
                staging_key(chain.chain_id, Feed.PERIODS), staging_key(chain.chain_id, Feed.STAKES)
            ),
            description=f"{chain.name}: stage the stake accounts as they were at the end of the period.",
        ),
        recompute=dg.define_asset_job(
            recompute_job_name(chain.chain_id),
            selection=dg.AssetSelection.assets(
                *(computation_key(chain.chain_id, table) for table in COMPUTED)
            ),
            description=f"{chain.name}: compute P&L, commissions and statements again from canonical facts.",
        ),
    )
