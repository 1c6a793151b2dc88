"""The one Dagster resource: configuration and warehouse, opened for a run and closed after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from aurora_assets.pipeline.chain_run import ChainRun
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.providers.wiring import chain_source
from aurora_resources.warehouse.connection import Warehouse, open_warehouse
from aurora_resources.warehouse.registry import sync_registry, with_all_declared


class AuroraResource(dg.ConfigurableResource[Any]):
    """Opens and migrates the warehouse, and synchronizes its registry with the configuration.

    The configuration of a run is that of the files, with the validators that were registered through the API.

    `config_directory` holds chains.yaml and providers.yaml; if empty, they are in `$AURORA_CONFIG_DIR`, else
    in the working directory.
    """

    config_directory: str = ""
    _config: AuroraConfig = PrivateAttr()
    _warehouse: Warehouse = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["AuroraResource"]:  # noqa: ARG002 - Dagster's signature
        """Open for one run."""
        self._config = load_config(Path(self.config_directory) if self.config_directory else None)
        with open_warehouse(application="aurora-pipeline", migrated=True) as warehouse:
            self._warehouse = warehouse
            with warehouse.connect() as connection:
                sync_registry(connection, self._config)
                self._config = with_all_declared(connection, self._config)
            yield self

    @property
    def config(self) -> AuroraConfig:
        """The configuration of this run, with the registered validators."""
        return self._config

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse of this run."""
        return self._warehouse

    def chain_run(self, chain_id: str, run_id: str) -> ChainRun:
        """What the steps of one chain need."""
        chain = self._config.chain(chain_id)
        return ChainRun(settings=chain, source=chain_source(chain), warehouse=self._warehouse, run_id=run_id)
