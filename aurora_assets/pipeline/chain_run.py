"""A chain's run outside Dagster: as configured, with the validators that were registered through the API."""

from aurora_assets.pipeline.ingest import ChainRun
from aurora_resources.config.models import ChainSettings
from aurora_resources.providers.wiring import chain_source
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.declared import with_declared


def chain_run(warehouse: Warehouse, chain: ChainSettings, run_id: str) -> ChainRun:
    """Everything the steps of one chain need; `warehouse` is migrated."""
    with warehouse.connect() as connection:
        settings = with_declared(connection, chain)
    return ChainRun(settings, chain_source(settings), warehouse, run_id)
