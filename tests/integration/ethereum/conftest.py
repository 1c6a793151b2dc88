"""Fixtures: the demonstration's Ethereum world on a sandbox, and an installation that keeps its books."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.ethereum.chain import NodeSettings
from aurora_sandbox.ethereum.world import EthereumWorld, demo_ethereum
from aurora_sandbox.serving import SandboxServer, sandbox_app
from aurora_sandbox.solana.world import World
from tests.integration.pipeline.installation import Pipeline

ETHEREUM = "ethereum-mainnet"


@pytest.fixture(scope="session")
def ether_world() -> EthereumWorld:
    """The demonstration's world: nine validators, six windows of six epochs."""
    return demo_ethereum()


@pytest.fixture
def ether_sandbox(small_world: World, ether_world: EthereumWorld) -> Iterator[SandboxServer]:
    """A sandbox that serves both chains."""
    with SandboxServer(sandbox_app(small_world, ethereum=ether_world)) as server:
        yield server


@pytest.fixture
def make_books(
    tmp_path: Path, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[SandboxServer], Pipeline]]:
    """An installation that asks a sandbox; its configuration and database are the process's."""
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("AURORA_DATABASE_URL", warehouse.url)
    with dg.DagsterInstance.ephemeral() as instance:

        def make(server: SandboxServer) -> Pipeline:
            urls = copy.copy(server.provider_urls)
            made = Pipeline(tmp_path, warehouse, urls, instance, chain_id=ETHEREUM)
            made.configure()
            return made

        yield make


@pytest.fixture
def ether(make_books: Callable[[SandboxServer], Pipeline], ether_sandbox: SandboxServer) -> Pipeline:
    """An installation on the demonstration's world."""
    return make_books(ether_sandbox)


@pytest.fixture
def stalled(small_world: World, ether_world: EthereumWorld) -> Iterator[SandboxServer]:
    """A sandbox whose chain finalised nothing after the middle of the world's third window."""
    epoch = (ether_world.first_window + 2) * ether_world.spec.window_epochs + 3
    node = NodeSettings(finalized_epoch=epoch)
    with SandboxServer(sandbox_app(small_world, ethereum=ether_world, node=node)) as server:
        yield server
