"""Booked epochs of the demonstration's world, to be verified, explained and tampered with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.replay import Verification, verify
from aurora_resources.config.files import load_config
from aurora_resources.providers.wiring import chain_source
from aurora_resources.warehouse.connection import Warehouse
from tests.integration.pipeline.installation import CHAIN

FIRST, LAST = 803, 804


@dataclass(frozen=True)
class Books:
    """A warehouse of its own with FIRST to LAST booked, and the configuration it was booked with."""

    warehouse: Warehouse
    folder: Path

    @property
    def run(self) -> ChainRun:
        chain = load_config(self.folder).chain(CHAIN)
        return ChainRun(chain, chain_source(chain), self.warehouse, run_id="verify")

    def verify(self, first: int = FIRST, last: int = LAST) -> Verification:
        return verify(self.run, first, last)

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.warehouse.connect() as connection:
            return connection.execute(statement, parameters).fetchall()

    def tamper(self, table: str, statement: str, *parameters: object) -> None:
        """Change rows as the owner: the table's triggers and checks are out of the way."""
        with self.warehouse.connect() as connection:
            checks = connection.execute(
                "select conname from pg_constraint where conrelid = %s::regclass and contype = 'c'", [table]
            ).fetchall()
            connection.execute(f"alter table {table} disable trigger user")
            for (name,) in checks:
                connection.execute(f"alter table {table} drop constraint {name}")
            changed = connection.execute(statement, parameters).rowcount
            connection.execute(f"alter table {table} enable trigger user")
        assert changed == 1

    def content(self) -> dict[str, list[str]]:
        """Every row of the books as text, by table."""
        tables = self.query(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' "
            "and table_schema in ('registry', 'staging', 'canonical', 'computation') order by 1"
        )
        return {
            table: [row[0] for row in self.query(f"select t::text from {table} as t order by 1")]
            for (table,) in tables
        }

    def payloads(self, period_id: int, role: str) -> list[int]:
        """The responses of the ingestion in force, in the order they were asked."""
        rows = self.query(
            "select payload_id from staging.ingestion_payloads join staging.ingestions using (ingestion_id) "
            "where period_id = %s and role = %s and is_current order by position",
            period_id,
            role,
        )
        return [payload_id for (payload_id,) in rows]
