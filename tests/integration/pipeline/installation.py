"""The pipeline as a user runs it: real configuration files, a sandbox over HTTP, a warehouse, Dagster."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import yaml

from aurora_assets.agreements.file import read_agreement_file
from aurora_assets.agreements.store import LoadSummary, load_agreements
from aurora_assets.graph.backfill import Backfill, backfill
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.registry import sync_registry
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.world import World

CHECKOUT = Path(__file__).resolve().parents[3]
CHAIN = "solana-mainnet"
PATIENCE = {"attempts": 3, "base_seconds": 0.01, "cap_seconds": 0.05}


@dataclass
class Pipeline:
    """One installation: configuration in `folder`, books in `warehouse`, providers at `urls`."""

    folder: Path
    warehouse: Warehouse
    urls: dict[str, str]
    instance: dg.DagsterInstance
    chain: dict[str, Any] = field(default_factory=dict)
    chain_id: str = CHAIN

    def configure(self, **changes: Any) -> AuroraConfig:
        """Write both files: the checkout's, at the sandbox's addresses, with `changes` to the chain."""
        chains = {
            chain["chain_id"]: chain
            for chain in yaml.safe_load((CHECKOUT / "chains.yaml").read_text())["chains"]
        }
        self.chain = chains[self.chain_id] | self.chain | changes
        listed = [*(chains | {self.chain_id: self.chain}).values()]
        (self.folder / "chains.yaml").write_text(yaml.safe_dump({"chains": listed}))
        providers = [
            {
                "name": name,
                "base_url": url,
                "rate_limit": 5000,
                "timeout_sec": 15,
                "retry": PATIENCE,
                "concurrency": 4,
            }
            for name, url in self.urls.items()
        ]
        (self.folder / "providers.yaml").write_text(yaml.safe_dump({"providers": providers}))
        config = load_config(self.folder)
        with self.warehouse.connect() as connection:
            sync_registry(connection, config)
        return config

    def backfill(self, first: int, last: int, *, refresh: bool = False) -> Backfill:
        """The whole job over a range, in this process."""
        periods = list(range(first, last + 1))
        return backfill(load_config(self.folder), self.instance, self.chain_id, periods, refresh=refresh)

    def load(self, agreements: dict[str, Any] | Path) -> LoadSummary:
        """Load agreements from a file or from what would be in one."""
        config = load_config(self.folder)
        chains = {chain.chain_id: chain for chain in config.chains}
        path = self.folder / "partners.yaml" if isinstance(agreements, dict) else agreements
        if isinstance(agreements, dict):
            path.write_text(yaml.safe_dump(agreements))
        with self.warehouse.connect() as connection:
            return load_agreements(connection, read_agreement_file(path, chains), chains)

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of the warehouse."""
        with self.warehouse.connect() as connection:
            return connection.execute(statement, parameters).fetchall()

    def pnl(self, period_id: int) -> dict[str, dict[str, Any]]:
        """The P&L in force of a period, by validator and column."""
        columns = (
            "exec_fees", "exec_fees_state", "mev_tips", "mev_tips_state", "vote_rewards",
            "vote_rewards_state", "commission", "commission_state", "total_revenue", "completeness",
        )  # fmt: skip
        rows = self.query(
            f"select validator_key, {', '.join(columns)} from computation.validator_pnl_current "
            "where chain_id = %s and period_id = %s",
            self.chain_id,
            period_id,
        )
        return {key: dict(zip(columns, values, strict=True)) for key, *values in rows}

    def findings(self, period_id: int) -> list[tuple[str, str]]:
        """Code and message of every finding about the period's facts."""
        rows = self.query(
            "select code, message from canonical.findings where chain_id = %s and period_id = %s",
            self.chain_id,
            period_id,
        )
        return [(code, message) for code, message in rows]


@contextmanager
def faults(server: SandboxServer, *plan: dict[str, Any] | str) -> Iterator[None]:
    """Faults for as long as the context lasts, through the sandbox's own control address."""
    address = f"{server.base_url}/_sandbox/faults"
    # No certificates to read for a plain address: that would take longer than the request.
    with httpx.Client(verify=False) as control:  # noqa: S501
        control.post(address, json=list(plan)).raise_for_status()
        try:
            yield
        finally:
            control.delete(address).raise_for_status()


def by_vote_account(world: World, epoch: int) -> dict[str, Any]:
    """The world's validators of an epoch."""
    return {
        validator.vote_account: validator
        for listed in world.epochs
        if listed.epoch == epoch
        for validator in listed.validators
    }


def keys(chain: dict[str, Any]) -> Sequence[str]:
    """The vote accounts a chain's configuration lists."""
    return [entry["key"] for entry in chain["validators"]]


def content(pipeline: Pipeline) -> dict[str, list[str]]:
    """Every row of the books as text, by table; when a chain was last looked at is none of them."""
    tables = pipeline.query(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_type = 'BASE TABLE' "
        "and table_schema in ('registry', 'staging', 'canonical', 'computation') "
        "and (table_schema, table_name) <> ('staging', 'heads') order by 1"
    )
    return {
        table: [row[0] for row in pipeline.query(f"select t::text from {table} as t order by 1")]
        for (table,) in tables
    }
