"""The agreements of a chain in the graph, from outside: nothing makes them, their changes are reported.

One partition a period, with a data version, so that exactly the periods whose terms changed show as stale.
"""

from typing import Final

import dagster as dg

from aurora_assets.graph.partitions import chain_partitions
from aurora_assets.graph.staging import group_of
from aurora_resources.config.models import ChainSettings

LAYER: Final = "registry"


def agreements_key(chain_id: str) -> dg.AssetKey:
    """Chain, layer, table."""
    return dg.AssetKey([chain_id, LAYER, "agreements"])


def agreements_spec(chain: ChainSettings) -> dg.AssetSpec:
    """What the commission lines depend on beside the P&L."""
    return dg.AssetSpec(
        agreements_key(chain.chain_id),
        group_name=group_of(chain.chain_id, LAYER),
        partitions_def=chain_partitions(chain),
        kinds={"postgres"},
        description="Agreements and wallets at a period's start; `aurora agreement load` changes them.",
    )


def terms_changed(chain_id: str, period_id: int, digest: bytes) -> dg.AssetObservation:
    """The event that the terms of a period are others: its lines are stale until they are made again.

    An observation: of an asset from outside Dagster compares no other kind of event.
    """
    return dg.AssetObservation(
        agreements_key(chain_id), partition=str(period_id), tags={"dagster/data_version": digest.hex()}
    )
