"""Every block, slot and reward of the sandbox over HTTP: what is understood is what there is to find."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import TypeVar

import anyio
import pytest

from aurora_resources.config.models import ProviderSettings, RetrySettings
from aurora_resources.errors import HistoryUnavailable
from aurora_resources.http.client import Classify, ProviderClient
from aurora_resources.http.fetcher import DirectFetcher
from aurora_resources.providers.ethereum import beacon, execution
from aurora_resources.providers.ethereum.beacon import (
    Beacon,
    ValidatorState,
    attestation_rewards,
    classify_beacon,
    validators_by_key,
)
from aurora_resources.providers.ethereum.block_income import (
    BlockEvidence,
    BlockIncome,
    corrected_change,
    decide,
    not_canonical,
    transfers,
)
from aurora_resources.providers.ethereum.consensus import (
    attestation_total,
    correlation_epoch,
    correlation_penalty_gwei,
    correlation_slots,
    initial_penalty_gwei,
    slashed_in_epoch,
    unexplained_gwei,
)
from aurora_resources.providers.ethereum.execution import (
    Execution,
    classify_execution,
    contradiction,
    fetch_balances,
    fetch_block,
    priority_fees,
    receipts_of,
)
from aurora_resources.providers.ethereum.periods import Spec, spec
from aurora_resources.providers.ethereum.relays import (
    Relay,
    RelayClaim,
    claims_by_block,
    delivered,
    scan_delivered,
)
from aurora_resources.providers.ethereum.slots import fetch_slot
from aurora_resources.records import FactState, Fetcher, ProviderRequest, ProviderResponse
from aurora_sandbox.ethereum.chain import NodeSettings
from aurora_sandbox.ethereum.spec import RELAYS
from aurora_sandbox.ethereum.truth import BlockTruth, block_truths, window_truth
from aurora_sandbox.ethereum.world import demo_ethereum
from aurora_sandbox.serving import SandboxServer, sandbox_app
from aurora_sandbox.solana.generate import demo_world

T = TypeVar("T")
WORLD = demo_ethereum()
WINDOWS = range(WORLD.first_window, WORLD.last_window + 1)
BLOCKS = [found for window in WINDOWS for found in block_truths(WORLD, window)]
BEACON, NODE = Beacon("beacon"), Execution("execution")
OURS = frozenset(WORLD.fee_recipients)
CLASSIFIERS: dict[str, Classify] = {"beacon": classify_beacon, "execution": classify_execution}


class Keeping:
    """Fetcher, and keeps the answers."""

    def __init__(self, inner: Fetcher) -> None:
        self._inner = inner
        self.kept: list[ProviderResponse] = []

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        payload = await self._inner.fetch(question)
        self.kept.append(payload)
        return payload

    def of(self, endpoint: str) -> list[ProviderResponse]:
        return [payload for payload in self.kept if payload.request.endpoint == endpoint]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(sandbox_app(demo_world(), ethereum=WORLD)) as running:
        yield running


def run(server: SandboxServer, work: Callable[[Keeping], Awaitable[T]]) -> T:
    """Do `work` with clients of every provider of the sandbox."""

    async def call() -> T:
        async with AsyncExitStack() as stack:
            clients = {}
            for name in ("beacon", "execution", *RELAYS):
                settings = ProviderSettings(
                    name=name,
                    base_url=server.provider_urls[name],
                    rate_limit=10_000,
                    concurrency=8,
                    retry=RetrySettings(attempts=1),
                )
                client = ProviderClient(settings, CLASSIFIERS.get(name))
                clients[name] = await stack.enter_async_context(client)
            return await work(Keeping(DirectFetcher(clients)))

    return anyio.run(call)


def income_of(server: SandboxServer, truth: BlockTruth) -> BlockIncome:
    """One slot of ours, asked as the wire modules ask and decided by the table."""
    member = WORLD.members[truth.member]

    async def work(fetcher: Keeping) -> BlockIncome:
        rows: dict[str, list[RelayClaim]] = {}
        for relay in RELAYS:
            rows[relay] = list(delivered(await fetcher.fetch(Relay(relay).delivered_at(truth.slot))))
        claims = claims_by_block(rows)
        header = await fetch_slot(fetcher, BEACON, truth.slot)
        if header is None:
            return not_canonical(member.pubkey, truth.slot, claims)
        inside = beacon.block(await fetcher.fetch(BEACON.block(header.root))).payload
        assert inside is not None
        found = await fetch_block(fetcher, NODE, inside.block_hash)
        assert contradiction(found, inside) is None
        receipts = execution.receipts(fetcher.of("eth_getBlockReceipts")[0])
        by_hash = receipts_of(found, "execution", receipts)
        before, after = await fetch_balances(fetcher, NODE, member.fee_recipient, found.number)
        change = corrected_change(
            member.fee_recipient,
            execution.balance(before),
            execution.balance(after),
            found,
            by_hash,
        )
        evidence = BlockEvidence(
            validator_key=member.pubkey,
            slot=truth.slot,
            block_hash=found.hash,
            fee_recipient=found.miner,
            fees=priority_fees(found, by_hash),
            transfers=transfers(found, by_hash),
            balance_changes={member.fee_recipient: change},
        )
        return decide(evidence, claims.get(found.hash), OURS)

    return run(server, work)


@pytest.mark.parametrize("truth", BLOCKS, ids=lambda truth: f"{truth.kind}-{truth.slot}")
def test_each_block_books_what_it_paid(server: SandboxServer, truth: BlockTruth) -> None:
    income = income_of(server, truth)
    assert (income.case, income.priority_fees, income.mev) == (truth.case, truth.fees, truth.mev)
    assert income.state is FactState.FINAL
    assert set(truth.claims) <= set(income.relays)


def test_a_scan_of_every_relay_finds_what_single_questions_find(server: SandboxServer) -> None:
    slots = WORLD.spec.slots(WORLD.first_window)

    async def work(fetcher: Keeping) -> None:
        for relay in RELAYS:
            await scan_delivered(fetcher, Relay(relay), slots.start, slots.stop - 1)

    async def scanned(fetcher: Keeping) -> dict[str, set[str]]:
        await work(fetcher)
        found: dict[str, set[str]] = {}
        for payload in fetcher.kept:
            for row in delivered(payload):
                if row.slot in slots:
                    found.setdefault(row.block_hash, set()).add(payload.request.provider)
        return found

    found = run(server, scanned)
    for truth in block_truths(WORLD, WORLD.first_window):
        assert set(truth.claims) <= found.get(truth.block_hash, set())


def states(server: SandboxServer, slot: int) -> dict[str, ValidatorState]:
    keys = [member.pubkey for member in WORLD.members]

    async def work(fetcher: Keeping) -> dict[str, ValidatorState]:
        return dict(validators_by_key([await fetcher.fetch(q) for q in BEACON.validators(slot, keys)]))

    return run(server, work)


def constants(server: SandboxServer) -> Spec:
    async def work(fetcher: Keeping) -> Spec:
        return spec(await fetcher.fetch(BEACON.spec()))

    return run(server, work)


@pytest.mark.parametrize("window", WINDOWS)
def test_consensus_rewards_of_every_validator(server: SandboxServer, window: int) -> None:
    """Attestations, and the whole change of the balance explained to the last gwei."""
    truths, slots, epochs = window_truth(WORLD, window), WORLD.spec.slots(window), WORLD.spec.epochs(window)
    before, after = states(server, slots.start - 1), states(server, slots.stop - 1)
    indices = [state.index for state in after.values()]

    async def work(fetcher: Keeping) -> dict[int, ProviderResponse]:
        return {
            epoch: await fetcher.fetch(BEACON.attestation_rewards(epoch, indices)[0])
            for epoch in range(epochs.start - 2, epochs.stop)
        }

    answered = {epoch: attestation_rewards(payload) for epoch, payload in run(server, work).items()}
    for key, truth in truths.items():
        assert attestation_total(answered, after[key], epochs).gwei == truth.attestations
        credited = attestation_total(answered, after[key], range(epochs.start - 2, epochs.stop - 2))
        assert (
            unexplained_gwei(
                before[key].balance_gwei,
                after[key].balance_gwei,
                credited=credited.gwei + truth.proposals + truth.sync + truth.slashing,
                moved_in=truth.deposits,
                moved_out=truth.withdrawals,
            )
            == 0
        ), key


def test_slashing_penalties_are_found_without_a_rewards_endpoint(server: SandboxServer) -> None:
    known = constants(server)
    last = states(server, WORLD.spec.slots(WORLD.last_window).stop - 1)
    epochs = range(WORLD.spec.epochs(WORLD.first_window).start, WORLD.spec.epochs(WORLD.last_window).stop)
    penalties = dict.fromkeys(last, 0)
    for key, state in last.items():
        epoch, correlation = slashed_in_epoch(state, known), correlation_epoch(state, known)
        if epoch is not None and epoch in epochs:
            effective = states(server, known.first_slot(epoch))[key].effective_balance_gwei
            penalties[key] += initial_penalty_gwei(effective, epoch, known)
        if correlation is not None and correlation in epochs:
            before, after = (states(server, slot)[key] for slot in correlation_slots(correlation, known))
            credited = run(server, _attestations_of(correlation - 1, state.index))
            lost = correlation_penalty_gwei(before.balance_gwei, after.balance_gwei, credited=credited)
            assert lost is not None
            penalties[key] += lost
    truths = [window_truth(WORLD, window) for window in WINDOWS]
    assert penalties == {key: -sum(truth[key].slashing for truth in truths) for key in last}
    assert sum(1 for penalty in penalties.values() if penalty) == 2


def _attestations_of(epoch: int, index: int) -> Callable[[Keeping], Awaitable[int]]:
    async def work(fetcher: Keeping) -> int:
        payload = await fetcher.fetch(BEACON.attestation_rewards(epoch, [index])[0])
        return attestation_rewards(payload)[index]

    return work


def test_a_node_without_historic_states_refuses_instead_of_answering_zero() -> None:
    first = WORLD.spec.epochs(WORLD.first_window).start
    node = NodeSettings(states_from_epoch=first + 100)
    with SandboxServer(sandbox_app(demo_world(), ethereum=WORLD, node=node)) as pruned:

        async def rewards(fetcher: Keeping) -> ProviderResponse:
            return await fetcher.fetch(BEACON.attestation_rewards(first, [WORLD.members[0].index])[0])

        with pytest.raises(HistoryUnavailable, match="nothing is counted as zero"):
            run(pruned, rewards)
