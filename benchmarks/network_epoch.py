"""How long one epoch of a whole network takes, step by step: run `python benchmarks/network_epoch.py`.

The world is generated (1,200 validators, 200,000 stake accounts; `--validators`, `--stakers`) or read from a
file (`--world`, also an end-of-epoch snapshot) and served by a sandbox in a process of its own. The books
of all validators are kept in a fresh embedded server: staging, canonical facts, P&L, and commission lines
of a few partners, each a second time with nothing new. Prints seconds, rows and the largest memory so far.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
import yaml

from aurora_assets.agreements.file import read_agreement_file
from aurora_assets.agreements.store import load_agreements
from aurora_assets.pipeline import write_facts
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.commissions import book_commissions
from aurora_assets.pipeline.ingest import ingest
from aurora_assets.pipeline.pnl import book_pnl
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.providers.wiring import chain_source, open_transport
from aurora_resources.records import Feed
from aurora_resources.warehouse.connection import Warehouse, open_warehouse
from aurora_resources.warehouse.registry import sync_registry
from aurora_sandbox.options import WorldSpec
from aurora_sandbox.serving import PATHS, SandboxServer
from aurora_sandbox.solana.generate import generate_world
from aurora_sandbox.solana.world import World, load_world

CHAIN: Final = "solana-mainnet"
EPOCH: Final = 800
SLOTS: Final = 4_320
PARTNERS: Final = 20
MIB: Final = 2**20


def main() -> None:
    """Serve, work through one epoch twice, and print what it took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--world", type=Path, help="a world file; its first epoch is worked through")
    options.add_argument("--validators", type=int, default=1_200)
    options.add_argument("--stakers", type=int, default=200_000)
    chosen = options.parse_args()
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    sandbox = spawn.Process(target=serve, args=(theirs, chosen.world, chosen.validators, chosen.stakers))
    sandbox.start()
    try:
        base_url, epoch, partners = ours.recv()
        with tempfile.TemporaryDirectory(prefix="aurora-benchmark-") as folder:
            Path(folder).chmod(0o755)  # as root, the server runs as another user, who must pass
            os.environ["AURORA_HOME"] = str(Path(folder) / "home")
            os.environ.pop("AURORA_DATABASE_URL", None)
            config = configure(Path(folder), base_url)
            with open_warehouse(migrated=True) as warehouse:
                Benchmark(config, warehouse, base_url, epoch, partners, Path(folder)).run()
        served = httpx.get(f"{base_url}/_sandbox/state").json()["requests"]
        print(f"{served:,} requests answered (10,000 is all the sandbox remembers)")
    finally:
        ours.send("stop")
        sandbox.join(20)


def serve(pipe: Connection, world_file: Path | None, validators: int, stakers: int) -> None:
    """In another process: serve the world in the epoch after the first one it lists, until told to stop."""
    if world_file is None:
        spec = WorldSpec(
            validators=validators, stakers=stakers, first_epoch=EPOCH, epochs=1, slots_per_epoch=SLOTS
        )
        world = generate_world(spec)
    else:
        world = load_world(world_file)
    epoch = world.epochs[0].epoch
    with SandboxServer(world.model_copy(update={"current_epoch": epoch + 1})) as server:
        pipe.send((server.base_url, epoch, withdrawers(world)))
        pipe.recv()


def withdrawers(world: World) -> list[str]:
    """The wallets that withdraw from most stake accounts, for the partners."""
    counted = Counter(
        account.withdrawer for validator in world.epochs[0].validators for account in validator.stake_accounts
    )
    return [wallet for wallet, _ in counted.most_common(PARTNERS * 5)]


def configure(folder: Path, base_url: str) -> AuroraConfig:
    """The books of everybody, asked of the sandbox without a limit."""
    chains = yaml.safe_load((Path(__file__).parents[1] / "chains.yaml").read_text())
    chains["chains"][0] |= {"validators": "all", "validator_defaults": {"own_wallets": []}}
    providers = [
        {"name": name, "base_url": base_url + path, "rate_limit": 100_000, "concurrency": 8}
        for name, path in PATHS.items()
    ]
    (folder / "chains.yaml").write_text(yaml.safe_dump(chains))
    (folder / "providers.yaml").write_text(yaml.safe_dump({"providers": providers}))
    return load_config(folder)


def agreements(wallets: list[str]) -> dict[str, Any]:
    """Partners with five wallets each, paid half of the commission by stake and some of the tips."""
    rules = [("COMMISSION", "STAKE_WEIGHT", 5_000), ("MEV_TIPS", "CLIENT_REVENUE", 2_000)]
    return {
        "format": "aurora-agreements/1",
        "partners": [
            {
                "code": f"partner-{number}",
                "name": f"Partner {number}",
                "wallets": [
                    {"chain": CHAIN, "wallet": wallet, "from": "2000-01-01"}
                    for wallet in wallets[number * 5 : number * 5 + 5]
                ],
                "agreements": [
                    {
                        "id": f"agreement-{number}",
                        "name": "Introduction",
                        "status": "ACTIVE",
                        "from": "2000-01-01",
                        "rules": [
                            {
                                "id": component.lower().replace("_", "-"),
                                "component": component,
                                "method": method,
                                "chain": CHAIN,
                                "rate_bps": rate,
                            }
                            for component, method, rate in rules
                        ],
                    }
                ],
            }
            for number in range(len(wallets) // 5)
        ],
    }


class Benchmark:
    """One epoch of one chain in a fresh warehouse."""

    def __init__(
        self,
        config: AuroraConfig,
        warehouse: Warehouse,
        base_url: str,
        epoch: int,
        wallets: list[str],
        folder: Path,
    ) -> None:
        settings = config.chain(CHAIN)
        self._config, self._warehouse, self._base_url, self._epoch = config, warehouse, base_url, epoch
        self._wallets, self._folder = wallets, folder
        self._run = ChainRun(settings, chain_source(settings), warehouse, run_id="benchmark")

    def run(self) -> None:
        """Everything once, then everything again."""
        with self._warehouse.connect() as connection:
            sync_registry(connection, self._config)
            if self._wallets:
                path = self._folder / "partners.yaml"
                path.write_text(yaml.safe_dump(agreements(self._wallets)))
                chains = {chain.chain_id: chain for chain in self._config.chains}
                load_agreements(connection, read_agreement_file(path, chains), chains)
        print(f"{'step':<24}{'seconds':>9}{'rows':>10}{'peak MiB':>10}")
        self._ask(Feed.PERIODS, Feed.STAKES)
        httpx.post(f"{self._base_url}/_sandbox/advance", json={"epochs": 1}).raise_for_status()
        self._ask(Feed.PERIODS, Feed.META, Feed.MEV, Feed.FEES, Feed.REWARDS)
        self._compute()
        print("again, with nothing new")
        self._compute()

    def _ask(self, *roles: Feed) -> None:
        for role in roles:
            with measured(f"staging {role.value}") as rows:
                rows(anyio.run(self._ask_one, role))

    async def _ask_one(self, role: Feed) -> int:
        async with open_transport(self._config, self._run.settings) as transport:
            head = await self._run.source.head(transport)
            done = await ingest(self._run, transport, head, self._epoch, role)
        return 0 if done.ingestion is None else done.ingestion.payload_count

    def _compute(self) -> None:
        for name in ("period", "fees", "mev", "rewards", "meta"):
            with measured(f"canonical {name}") as rows:
                rows(getattr(write_facts, f"write_{name}")(self._run, self._epoch).row_count)
        with measured("P&L") as rows:
            rows(book_pnl(self._run, self._epoch).row_count)
        with measured("commission lines") as rows:
            rows(book_commissions(self._run, self._epoch).booked.row_count)


@contextmanager
def measured(step: str) -> Iterator[Callable[[int], None]]:
    """Print what a step took; call what is yielded with its number of rows."""
    counted: list[int] = []
    began = time.perf_counter()
    yield counted.append
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MIB
    print(f"{step:<24}{seconds:>9.2f}{sum(counted):>10,}{peak:>10,}", flush=True)


if __name__ == "__main__":
    main()
