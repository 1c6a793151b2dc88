"""Dagster's own records in the warehouse's PostgreSQL, schema `dagster`; named by `dagster.yaml`.

A class and not an address, because the embedded server must run before anybody can connect to it: whichever
Dagster process comes first starts it, and holds it until it ends.
"""

import atexit
import os
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

from dagster._serdes import ConfigurableClassData
from dagster_postgres.storage import DagsterPostgresStorage

from aurora_resources.postgres.paths import aurora_home
from aurora_resources.warehouse.connection import open_warehouse

_STATEMENT_TIMEOUT_MS: Final = 60_000
_RECYCLE_SECONDS: Final = 3600
_OVERFLOW: Final = 20


class WarehouseStorage(DagsterPostgresStorage):
    """PostgreSQL storage on whatever server the warehouse is on."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure: `AURORA_DATABASE_URL` and `AURORA_HOME` say where the warehouse is."""
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Any,  # noqa: ANN401, ARG003 - Dagster's signature
    ) -> Self:
        """The storage of this process."""
        url = _held_storage_url(os.environ.get("AURORA_DATABASE_URL"), aurora_home())
        storage = cls(postgres_url=url, should_autocreate_tables=True, inst_data=inst_data)
        # As it comes it opens a session for every statement: half the time of a small run. This is Dagster's
        # own way to have it keep them.
        for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
            part.optimize_for_webserver(
                statement_timeout=_STATEMENT_TIMEOUT_MS, pool_recycle=_RECYCLE_SECONDS, max_overflow=_OVERFLOW
            )
        return storage


@cache
def _held_storage_url(database_url: str | None, home: Path) -> str:  # noqa: ARG001 - part of the key
    """Open the warehouse once a process; Dagster makes storages freely and never says when it is done."""
    holding = ExitStack()
    warehouse = holding.enter_context(open_warehouse(home=home, application="dagster", migrated=True))
    atexit.register(holding.close)
    return warehouse.dagster_storage_url()
