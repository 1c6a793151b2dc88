"""A step decodes each response once: fetching, paging and normalizing share one reading of the body."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import anyio
import dagster as dg
import pytest

from aurora_assets.pipeline import write_facts
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.ingest import ingest
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.providers.chain_source import fetch_order
from aurora_resources.providers.decoding import counted_decodes
from aurora_resources.providers.wiring import chain_source, open_transport
from aurora_resources.records import Feed
from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.world import World
from tests.integration.pipeline.installation import Pipeline

EPOCH: Final = 800

STEPS: Final[tuple[tuple[Feed, Callable[[ChainRun, int], object]], ...]] = (
    (Feed.PERIODS, write_facts.write_period),
    (Feed.FEES, write_facts.write_fees),
    (Feed.MEV, write_facts.write_mev),
    (Feed.REWARDS, write_facts.write_rewards),
    (Feed.META, write_facts.write_meta),
)


@pytest.fixture
def installed(tmp_path: Path, warehouse: Warehouse, small_world: World) -> Iterator[Pipeline]:
    with SandboxServer(small_world) as server, dg.DagsterInstance.ephemeral() as instance:
        made = Pipeline(tmp_path, warehouse, server.provider_urls, instance)
        made.configure()
        yield made


async def _ingest(config: AuroraConfig, run: ChainRun) -> dict[Feed, Counter[bytes]]:
    decodes: dict[Feed, Counter[bytes]] = {}
    async with open_transport(config, run.settings) as transport:
        head = await run.source.head(transport)
        for feed in fetch_order(run.source.policies):
            with counted_decodes() as decodes[feed]:
                await ingest(run, transport, head, EPOCH, feed)
    return decodes


def test_a_step_decodes_each_response_once(installed: Pipeline) -> None:
    config = load_config(installed.folder)
    settings = config.chain(installed.chain_id)
    run = ChainRun(settings, chain_source(settings), installed.warehouse, run_id="decoding")

    ingested = anyio.run(_ingest, config, run)
    written: dict[Feed, Counter[bytes]] = {}
    for feed, step in STEPS:
        with counted_decodes() as written[feed]:
            step(run, EPOCH)

    for feed, counter in (*ingested.items(), *written.items()):
        assert set(counter.values()) <= {1}, feed
    # What Jito answered was read: its pages while fetching, and the same responses again from staging.
    assert len(ingested[Feed.MEV]) > 3
    assert set(ingested[Feed.MEV]) <= set(written[Feed.MEV])
