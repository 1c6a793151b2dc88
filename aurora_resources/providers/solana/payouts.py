"""The rewards paid for an epoch: asked account by account, or read from the blocks that paid them.

The first produced block of the next epoch pays the validators (Voting rows) and says in how many of the
blocks after it the stakers are paid (Staking rows); without such a number, from before rewards were
partitioned, it pays the stakers too. Reading them all gives every staker of every validator, and proves that
an account without a row was paid nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aurora_resources.errors import HistoryUnavailable, NotYetAvailable
from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.json_rpc import rpc_params
from aurora_resources.providers.solana import rpc_answers
from aurora_resources.providers.solana.findings import NETWORK_REWARDS, coins
from aurora_resources.providers.solana.periods import Boundaries
from aurora_resources.providers.solana.rpc import MAX_ADDRESSES, SolanaRpc
from aurora_resources.providers.solana.rpc_answers import BlockRewards
from aurora_resources.providers.staged import Answers
from aurora_resources.records import Fetcher, Finding

ACCOUNT_CHUNKS_AT_MOST: Final = 64
"""Above so many getInflationReward calls the paying blocks are read instead: some 300 on mainnet."""


@dataclass(frozen=True, slots=True)
class Payout:
    """Rewards paid for one epoch, in lamports by account.

    `complete`: every account of the network is in it, so one that is not was paid nothing. Otherwise only
    accounts asked for are in it, zeros included. `voting` are validators, `staking` stake accounts.
    """

    voting: Mapping[str, int]
    staking: Mapping[str, int]
    complete: bool
    findings: tuple[Finding, ...] = ()

    def commission(self, vote_account: str) -> int | None:
        """What the validator took; None when unknown."""
        return self.voting.get(vote_account, 0 if self.complete else None)


async def fetch_accounts(fetcher: Fetcher, rpc: SolanaRpc, epoch: int, accounts: Sequence[str]) -> None:
    """Ask for the rewards of `accounts`. Raises ProviderError, NotYetAvailable while the payout runs."""
    chunks = [accounts[at : at + MAX_ADDRESSES] for at in range(0, len(accounts), MAX_ADDRESSES)]
    await fetch_all(fetcher, [rpc.inflation_rewards(chunk, epoch) for chunk in chunks])


async def fetch_paying_blocks(fetcher: Fetcher, rpc: SolanaRpc, limits: Boundaries) -> None:
    """Read all blocks that paid the epoch of `limits`. Raises as `fetch_paying_slots` does."""
    slots = await fetch_paying_slots(fetcher, rpc, limits)
    await fetch_all(fetcher, [rpc.block_rewards(slot) for slot in slots])


async def fetch_paying_slots(fetcher: Fetcher, rpc: SolanaRpc, limits: Boundaries) -> tuple[int, ...]:
    """Read the first paying block, and find the others; none when it paid everybody.

    Raises NotYetAvailable while the payout runs, HistoryUnavailable for a node with holes, ProviderError.
    """
    boundary = rpc_answers.block_rewards(await fetcher.fetch(rpc.block_rewards(limits.next_produced)))
    if boundary.parent_slot > limits.last_slot:
        raise HistoryUnavailable(
            f"slot {limits.next_produced} is not the first block after slot {limits.last_slot}, its parent "
            f"is {boundary.parent_slot}: the node's history has a hole; configure a node with an archive",
            provider=rpc.provider,
            endpoint="getBlock",
        )
    count = boundary.num_reward_partitions
    if not count:
        return ()
    slots = rpc_answers.slots(await fetcher.fetch(rpc.produced_after(limits.next_produced + 1, count)))
    if len(slots) < count:
        raise NotYetAvailable(
            f"{len(slots)} of {count} paying blocks after slot {limits.next_produced} are finalised; "
            "ask again in some minutes",
            provider=rpc.provider,
            endpoint="getBlocksWithLimit",
        )
    return slots


def payout(found: Answers, limits: Boundaries, epoch: int) -> Payout:
    """What is staged about the payout: from the paying blocks if all are there. Raises PayloadError."""
    whole = _from_blocks(found, limits, epoch)
    if whole is not None:
        return whole
    amounts: dict[str, int] = {}
    for payload in found.every("getInflationReward"):
        amounts.update(rpc_answers.inflation_rewards(payload, epoch))
    return Payout(amounts, amounts, complete=False)


def _from_blocks(found: Answers, limits: Boundaries, epoch: int) -> Payout | None:
    blocks = {rpc_params(payload.question)[0]: payload for payload in found.every("getBlock")}
    if limits.next_produced not in blocks:
        return None
    boundary = rpc_answers.block_rewards(blocks[limits.next_produced])
    paying = [boundary]
    if count := boundary.num_reward_partitions:
        slots = _paying_slots(found, limits.next_produced + 1, count)
        if slots is None or any(slot not in blocks for slot in slots):
            return None
        paying += [rpc_answers.block_rewards(blocks[slot]) for slot in slots]
    voting = _by_account([boundary], rpc_answers.VOTING)
    staking = _by_account(paying, rpc_answers.STAKING)
    return Payout(
        voting, staking, complete=True, findings=(_network(found.provider, epoch, voting, staking),)
    )


def _paying_slots(found: Answers, start: int, count: int) -> tuple[int, ...] | None:
    for payload in found.every("getBlocksWithLimit"):
        if list(rpc_params(payload.question)[:2]) == [start, count]:
            slots = rpc_answers.slots(payload)
            return slots if len(slots) == count else None
    return None


def _by_account(blocks: Iterable[BlockRewards], kind: str) -> dict[str, int]:
    amounts: dict[str, int] = {}
    spellings = {kind, kind.capitalize()}
    for block in blocks:
        for row in block.rewards:
            if row.reward_type in spellings:
                amounts[row.pubkey] = amounts.get(row.pubkey, 0) + row.lamports
    return amounts


def needs_blocks(accounts: int) -> bool:
    """Whether reading the paying blocks is cheaper than asking for so many accounts."""
    return accounts > ACCOUNT_CHUNKS_AT_MOST * MAX_ADDRESSES


def _network(provider: str, epoch: int, voting: Mapping[str, int], staking: Mapping[str, int]) -> Finding:
    paid, earned = sum(voting.values()), sum(staking.values())
    return Finding(
        NETWORK_REWARDS,
        f"{provider}: for epoch {epoch} the network paid {coins(paid)} to {len(voting)} validators and "
        f"{coins(earned)} to {len(staking)} stake accounts, {coins(paid + earned)} in all",
    )
