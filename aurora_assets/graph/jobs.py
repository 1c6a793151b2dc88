"""Jobs: everything of one chain for periods, only what is computed, and the snapshot that cannot wait."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from aurora_assets.graph.computation import COMPUTED, computation_key
from aurora_assets.graph.staging import staging_key
from aurora_resources.config.models import ChainSettings
from aurora_resources.records import Feed


def job_name(chain_id: str) -> str:
    """The name of a chain's whole job."""
    return f"{chain_id.replace('-', '_')}_all"


def snapshot_job_name(chain_id: str) -> str:
    """The name of a chain's snapshot job."""
    return f"{chain_id.replace('-', '_')}_stake_snapshot"


def recompute_job_name(chain_id: str) -> str:
    """The name of a chain's job that asks nobody."""
    return f"{chain_id.replace('-', '_')}_recompute"


def asking_config(chain_id: str, *, refresh: bool) -> Mapping[str, Any]:
    """The run configuration of the whole job; `refresh` asks providers again even where nothing is open."""
    staging = [key.to_python_identifier() for key in (staging_key(chain_id, role) for role in Feed)]
    return {"ops": {name: {"config": {"refresh": refresh}} for name in staging}}


class ChainJobs(NamedTuple):
    """`everything` goes from the providers to the statements; `snapshot` keeps the stake accounts.

    The snapshot must be asked while the next period runs, before the chain forgets. `recompute` starts from
    the facts that are there.
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
            description=f"{chain.name}: ask the providers, normalise, compute P&L, commissions, statements.",
        ),
        snapshot=dg.define_asset_job(
            snapshot_job_name(chain.chain_id),
            selection=dg.AssetSelection.assets(
                staging_key(chain.chain_id, Feed.PERIODS), staging_key(chain.chain_id, Feed.STAKES)
            ),
            description=f"{chain.name}: keep the stake accounts as they were at the end of the period.",
        ),
        recompute=dg.define_asset_job(
            recompute_job_name(chain.chain_id),
            selection=dg.AssetSelection.assets(
                *(computation_key(chain.chain_id, table) for table in COMPUTED)
            ),
            description=f"{chain.name}: compute P&L, commissions, statements again from the facts kept.",
        ),
    )
