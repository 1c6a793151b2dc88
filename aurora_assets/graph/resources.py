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
from aurora_resources.warehouse.declared import with_all_declared
from aurora_resources.warehouse.registry import sync_registry


class AuroraResource(dg.ConfigurableResource[Any]):
    """Opens the warehouse, brings it up to date, and makes its registry say what the configuration says.

    The configuration of a run is that of the files with the validators that were registered through the API.

    `config_directory` holds chains.yaml and providers.yaml; empty is `$AURORA_CONFIG_DIR`, else the working
    directory.
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
        """The configuration this run was opened with, registered validators among it."""
        return self._config

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse this run was opened with."""
        return self._warehouse

    def chain_run(self, chain_id: str, run_id: str) -> ChainRun:
        """Everything the steps of one chain need."""
        chain = self._config.chain(chain_id)
        return ChainRun(settings=chain, source=chain_source(chain), warehouse=self._warehouse, run_id=run_id)
