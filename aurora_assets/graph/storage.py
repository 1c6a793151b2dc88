"""Dagster's storage in the warehouse's PostgreSQL, schema `dagster`; `dagster.yaml` names this class.

A class and not an address, because the embedded server must run before a process connects to it: the first
Dagster process starts it and keeps it open until that process ends.
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
    """PostgreSQL storage on the server of the warehouse."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """No options: `AURORA_DATABASE_URL` and `AURORA_HOME` locate the warehouse."""
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Any,  # noqa: ANN401, ARG003 - Dagster's signature
    ) -> Self:
        """The storage of this process."""
        url = _storage_url(os.environ.get("AURORA_DATABASE_URL"), aurora_home())
        storage = cls(postgres_url=url, should_autocreate_tables=True, inst_data=inst_data)
        # By default every statement opens a connection, which is half the time of a small run. With this call
        # Dagster pools them.
        for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
            part.optimize_for_webserver(
                statement_timeout=_STATEMENT_TIMEOUT_MS, pool_recycle=_RECYCLE_SECONDS, max_overflow=_OVERFLOW
            )
        return storage


@cache
def _storage_url(database_url: str | None, home: Path) -> str:  # noqa: ARG001 - part of the key
    """Open the warehouse once per process: Dagster makes many storages and closes none of them."""
    opened = ExitStack()
    warehouse = opened.enter_context(open_warehouse(home=home, application="dagster", migrated=True))
    atexit.register(opened.close)
    return warehouse.dagster_storage_url()
