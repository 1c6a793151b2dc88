"""A run of every role of Solana against a sandbox that serves a small world over HTTP."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field

import anyio
import pytest

from aurora_resources.config.chain_rules import SolanaRules
from aurora_resources.config.models import (
    ChainProviders,
    ChainSettings,
    PeriodType,
    ProviderSettings,
    RetrySettings,
    ValidatorEntry,
)
from aurora_resources.http.client import ProviderClient
from aurora_resources.http.fetcher import DirectFetcher
from aurora_resources.providers.solana.chain import SolanaChain, classifier_of
from aurora_resources.records import (
    Feed,
    Fetcher,
    Normalized,
    Period,
    ProviderRequest,
    ProviderResponse,
    StakeReward,
    TrackedValidator,
    ValidatorFees,
    ValidatorMeta,
    ValidatorMev,
    ValidatorRewards,
)
from aurora_sandbox.options import WorldSpec
from aurora_sandbox.providers import FAULTS
from aurora_sandbox.serving import SandboxServer, sandbox_app
from aurora_sandbox.solana.chain import Settings
from aurora_sandbox.solana.generate import generate_world
from aurora_sandbox.solana.world import World

Staged = dict[tuple[Feed, str], list[ProviderResponse]]


@dataclass
class StagingAsks:
    """Fetcher directly, and keeps every answer under one role and provider."""

    inner: Fetcher
    kept: list[ProviderResponse]

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        payload = await self.inner.fetch(question)
        self.kept.append(payload)
        return payload


@dataclass
class Books:
    """One epoch, asked and understood."""

    period: Period
    validators: tuple[TrackedValidator, ...]
    fees: Mapping[str, Normalized[ValidatorFees]]
    mev: Normalized[ValidatorMev]
    rewards: Normalized[ValidatorRewards]
    stakes: tuple[StakeReward, ...]
    meta: Normalized[ValidatorMeta]
    staged: Staged = field(default_factory=dict)


def settings_of(
    validators: Sequence[ValidatorEntry] | None, fees: tuple[str, ...] = ("solanabeach", "rpc")
) -> ChainSettings:
    return ChainSettings(
        chain_id="solana-test",
        name="Solana",
        protocol="solana",
        period_type=PeriodType.EPOCH,
        native_unit="lamports",
        native_decimals=9,
        display_unit="SOL",
        finality_lag=2,
        rules=SolanaRules(),
        providers=ChainProviders(fees=fees, mev=("jito",), rewards=("rpc",), meta=("stakewiz",)),
        validators="all" if validators is None else tuple(validators),
    )


def clients(server: SandboxServer, settings: ChainSettings, attempts: int = 2) -> dict[str, ProviderClient]:
    return {
        name: ProviderClient(
            ProviderSettings(
                name=name,
                base_url=url,
                rate_limit=100_000,
                concurrency=8,
                retry=RetrySettings(attempts=attempts, base_seconds=0.01, cap_seconds=0.05),
            ),
            classifier_of(settings, name),
        )
        for name, url in server.provider_urls.items()
    }


@pytest.fixture(scope="session")
def keep_books() -> Callable[..., Books]:
    """`keep_books(server, settings, epoch, without=...)`: ask roles, and understand what was said."""

    def run(
        server: SandboxServer, settings: ChainSettings, epoch: int, *, without: frozenset[Feed] = frozenset()
    ) -> Books:
        return anyio.run(_keep_books, server, settings, epoch, without)

    return run


@pytest.fixture(scope="session")
def chain_of() -> Callable[..., ChainSettings]:
    """`chain_of(validators or None for all)`: the chain's settings."""
    return settings_of


@pytest.fixture(scope="session")
def understand() -> Callable[..., Books]:
    """`understand(settings, epoch, staged)`: the books from staged payloads alone."""
    return _normalize


async def _keep_books(
    server: SandboxServer, settings: ChainSettings, epoch: int, without: frozenset[Feed]
) -> Books:
    chain, staged = SolanaChain(settings), Staged()
    async with AsyncExitStack() as stack:
        entered = {
            name: await stack.enter_async_context(client)
            for name, client in clients(server, settings).items()
        }
        direct = DirectFetcher(entered)

        async def fetch(role: Feed, provider: str) -> None:
            if role in without:
                return
            kept = staged.setdefault((role, provider), [])
            await chain.fetch(StagingAsks(direct, kept), role, provider, epoch, validators, staged)

        validators: tuple[TrackedValidator, ...] = ()
        await fetch(Feed.PERIODS, "rpc")
        validators = chain.open(epoch, staged).validators
        await fetch(Feed.MEV, "jito")
        await fetch(Feed.STAKES, "rpc")
        await fetch(Feed.META, "stakewiz")
        for provider in settings.providers.fees:
            await fetch(Feed.FEES, provider)
        await fetch(Feed.REWARDS, "rpc")
    return _normalize(settings, epoch, staged)


def _normalize(settings: ChainSettings, epoch: int, staged: Staged) -> Books:
    view = SolanaChain(settings).open(epoch, staged)
    rewards, stakes = view.rewards("rpc")
    return Books(
        view.period,
        view.validators,
        {name: view.fees(name) for name in settings.providers.fees},
        view.mev("jito"),
        rewards,
        stakes,
        view.meta("stakewiz"),
        staged,
    )


@pytest.fixture(scope="session")
def world() -> World:
    """Epochs 800 to 807, 24 validators, 400 stake accounts."""
    return generate_world(WorldSpec())


@pytest.fixture
def serve() -> Iterator[Callable[..., SandboxServer]]:
    """`serve(world, current=epoch, settings=..., faults=[...])`: a running sandbox."""
    with ExitStack() as running:

        def start(
            world: World,
            current: int | None = None,
            settings: Settings | None = None,
            faults: Sequence[str] = (),
        ) -> SandboxServer:
            shown = world if current is None else world.model_copy(update={"current_epoch": current})
            app = sandbox_app(shown, settings=settings, faults=[FAULTS.parse(text) for text in faults])
            return running.enter_context(SandboxServer(app))

        yield start
