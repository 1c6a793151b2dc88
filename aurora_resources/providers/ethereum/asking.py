"""How each role is asked: which questions of whom, with what earlier roles have brought.

STAKES holds what the beacon node says of our validators in the window: their states, their slots to propose
and the blocks they did propose. FEES, MEV and REWARDS ask about those blocks, and META describes.
"""

from collections.abc import Iterable, Sequence

from aurora_resources.errors import HistoryUnavailable, RefusedByProvider
from aurora_resources.providers.concurrently import fetch_all, for_each
from aurora_resources.providers.ethereum import beacon_answers, execution_answers
from aurora_resources.providers.ethereum.beacon import Beacon
from aurora_resources.providers.ethereum.evidence import Evidence, Proposal
from aurora_resources.providers.ethereum.execution import CHAIN_ID, Execution, fetch_balances, fetch_block
from aurora_resources.providers.ethereum.execution_answers import ExecutionBlock
from aurora_resources.providers.ethereum.periods import fetch_period
from aurora_resources.providers.ethereum.relays import Relay, fetch_delivered
from aurora_resources.providers.ethereum.reward_questions import fetch_rewards
from aurora_resources.providers.ethereum.slots import fetch_duties, fetch_slot
from aurora_resources.providers.ethereum.weights import fetch_states
from aurora_resources.records import Feed, Fetcher


async def fetch_role(
    fetcher: Fetcher, role: Feed, provider: str, period_id: int, keys: Sequence[str], known: Evidence
) -> None:
    """Ask `provider` everything `role` needs about the validators of these keys. Raises ProviderError."""
    match role:
        case Feed.PERIODS:
            await fetch_period(fetcher, Beacon(provider), known.rules, period_id)
        case Feed.STAKES:
            await _ask_stakes(fetcher, Beacon(provider), keys, known)
        case Feed.META:
            await fetch_all(fetcher, Beacon(provider).validators(known.window.last_slot, keys))
        case Feed.FEES:
            await _ask_fees(fetcher, Execution(provider), known)
        case Feed.MEV:
            await fetch_delivered(fetcher, Relay(provider), [found.slot for found in known.proposals])
        case Feed.REWARDS:
            await fetch_rewards(fetcher, Beacon(provider), known)


async def _ask_stakes(fetcher: Fetcher, beacon: Beacon, keys: Sequence[str], known: Evidence) -> None:
    window = known.window
    states = await fetch_states(fetcher, beacon, known.constants, window, keys)
    ours = {state.index for state in states.values()}
    epochs = await fetch_duties(fetcher, beacon, window.epochs)
    slots = [
        duty.slot
        for payload in epochs
        for duty in beacon_answers.duties(payload)
        if duty.validator_index in ours
    ]
    headers = await for_each(lambda slot: fetch_slot(fetcher, beacon, slot), slots)
    await fetch_all(fetcher, [beacon.block(header.root) for header in headers if header is not None])


async def _ask_fees(fetcher: Fetcher, node: Execution, known: Evidence) -> None:
    """Blocks, receipts, and the balances that show a payment no transaction shows."""
    network = await fetcher.fetch(node.chain_id())
    if (chain_id := execution_answers.chain_id(network)) != known.rules.execution_chain_id:
        raise RefusedByProvider(
            f"this node is on chain {chain_id}, chains.yaml says {known.rules.execution_chain_id}; "
            "check its address",
            provider=node.provider,
            endpoint=CHAIN_ID,
        )
    expected = known.rules.recipients_in(known.window.period_id)

    async def of_block(proposal: Proposal) -> None:
        if proposal.block is None or proposal.block.payload is None:
            return
        found = await fetch_block(fetcher, node, proposal.block.payload.block_hash)
        for address in _to_be_watched(found, expected):
            try:
                await fetch_balances(fetcher, node, address, found.number)
            except HistoryUnavailable:
                return  # the payment stays unverified, and says so

    await for_each(of_block, known.proposals)


def _to_be_watched(found: ExecutionBlock, expected: frozenset[str]) -> Iterable[str]:
    """Addresses of ours whose balance tells what the block paid.

    That is the block's own fee recipient if it is ours, which gets payments on top of its fees; else those
    that a transaction names, paid or not; else every one, for a contract may pay without naming it.
    """
    if found.miner in expected:
        return (found.miner,)
    named = {transaction.recipient for transaction in found.transactions if transaction.value} & expected
    return sorted(address for address in named or expected if address is not None)
