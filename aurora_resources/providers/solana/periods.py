"""Epochs: how a node is asked about one, and what its answers say of slots, times and the running epoch.

Everything the other feeds need of PERIODS is read here, and which blocks pay an epoch's rewards is found
here. The schedule is the cluster's own, never assumed. No date arithmetic: an epoch starts at the time of its
first produced block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aurora_resources.errors import HistoryUnavailable, NotYetAvailable, PayloadError
from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.json_rpc import rpc_params
from aurora_resources.providers.solana import rpc
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.staged import Answers, first_with
from aurora_resources.records import ChainHead, Feed, Fetcher, Period, ProviderResponse, Staged

_LAST_REQUEST: Final = "getVoteAccounts"


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The slots of an epoch, both ends included, and the first produced slots of it and of the next one."""

    first_slot: int
    last_slot: int
    first_produced: int
    next_produced: int


async def fetch_head(fetcher: Fetcher, node: SolanaRpc) -> ChainHead:
    """The running epoch. Raises ProviderError."""
    response = await fetcher.fetch(node.epoch_info())
    return ChainHead(rpc.epoch_info(response).epoch, response.fetched_at)


async def fetch_period(fetcher: Fetcher, node: SolanaRpc, epoch: int) -> None:
    """Ask about slots, times and validators of `epoch`.

    Raises NotYetAvailable while the epoch after it has no finalised block, HistoryUnavailable when the
    node's history begins later.
    """
    running = rpc.epoch_info(await fetcher.fetch(node.epoch_info())).epoch
    if running <= epoch:
        raise NotYetAvailable(
            f"epoch {epoch} has not ended, the chain is in epoch {running}; ask again later",
            provider=node.provider,
            endpoint="getEpochInfo",
        )
    schedule = rpc.epoch_schedule(await fetcher.fetch(node.epoch_schedule()))
    starts = [schedule.first_slot(epoch), schedule.first_slot(epoch + 1)]
    found = [
        rpc.slots(response)
        for response in await fetch_all(fetcher, [node.first_produced(start) for start in starts])
    ]
    limits = _limits(node.provider, epoch, starts, found)
    times = await fetch_all(
        fetcher, [node.block_time(limits.first_produced), node.block_time(limits.next_produced)]
    )
    for response in times:
        _known_time(response)
    await fetcher.fetch(node.vote_accounts())


async def fetch_paying_slots(fetcher: Fetcher, node: SolanaRpc, limits: Boundaries) -> tuple[int, ...]:
    """Read the first paying block, and find the others; none when it paid everybody.

    Raises NotYetAvailable while the payout runs, HistoryUnavailable for a node with holes, ProviderError.
    """
    boundary = rpc.block_rewards(await fetcher.fetch(node.block_rewards(limits.next_produced)))
    if boundary.parent_slot > limits.last_slot:
        raise HistoryUnavailable(
            f"slot {limits.next_produced} is not the first block after slot {limits.last_slot}, its parent "
            f"is {boundary.parent_slot}: the node's history has a hole; configure a node with an archive",
            provider=node.provider,
            endpoint="getBlock",
        )
    count = boundary.num_reward_partitions
    if not count:
        return ()
    slots = rpc.slots(await fetcher.fetch(node.produced_after(limits.next_produced + 1, count)))
    if len(slots) < count:
        raise NotYetAvailable(
            f"{len(slots)} of {count} paying blocks after slot {limits.next_produced} are finalised; "
            "ask again in some minutes",
            provider=node.provider,
            endpoint="getBlocksWithLimit",
        )
    return slots


def period_answers(staged: Staged, providers: Sequence[str]) -> Answers:
    """What the first node that answered all of PERIODS said. Raises PayloadError when none did."""
    found = first_with(staged, Feed.PERIODS, providers, _LAST_REQUEST)
    if found is None:
        raise PayloadError(
            "nothing complete is staged for the period; ask for it again",
            provider=", ".join(providers),
            endpoint=Feed.PERIODS.value,
        )
    return found


def running_epoch(period: Answers) -> int:
    """The epoch that ran when PERIODS was asked. Raises PayloadError."""
    return rpc.epoch_info(_needed(period, "getEpochInfo")).epoch


def boundaries(period: Answers, epoch: int) -> Boundaries:
    """The slots of `epoch`. Raises PayloadError, or HistoryUnavailable for a node with holes."""
    schedule = rpc.epoch_schedule(_needed(period, "getEpochSchedule"))
    starts = [schedule.first_slot(epoch), schedule.first_slot(epoch + 1)]
    asked = {rpc_params(found.request)[0]: found for found in period.every("getBlocksWithLimit")}
    slots = [rpc.slots(asked[start]) if start in asked else () for start in starts]
    return _limits(period.provider, epoch, starts, slots)


def normalize_period(epoch: int, period: Answers) -> Period:
    """Slots and times of `epoch`. Raises PayloadError."""
    limits = boundaries(period, epoch)
    asked = {rpc_params(found.request)[0]: found for found in period.every("getBlockTime")}
    if limits.first_produced not in asked or limits.next_produced not in asked:
        raise _not_staged(period, "getBlockTime")
    starts_at, ends_at = _known_time(asked[limits.first_produced]), _known_time(asked[limits.next_produced])
    return Period(epoch, f"epoch {epoch}", limits.first_slot, limits.last_slot, starts_at, ends_at)


def _limits(provider: str, epoch: int, starts: Sequence[int], found: Sequence[Sequence[int]]) -> Boundaries:
    (first_slot, next_slot), (of_epoch, of_next) = starts, found
    if not of_next:
        raise NotYetAvailable(
            f"epoch {epoch + 1} has no finalised block from slot {next_slot} on; ask again later",
            provider=provider,
            endpoint="getBlocksWithLimit",
        )
    if not of_epoch or of_epoch[0] >= next_slot:
        raise HistoryUnavailable(
            f"this node knows no block of epoch {epoch}, slots {first_slot} to {next_slot - 1}; "
            "configure a node with an archive",
            provider=provider,
            endpoint="getBlocksWithLimit",
        )
    return Boundaries(first_slot, next_slot - 1, of_epoch[0], of_next[0])


def _known_time(response: ProviderResponse) -> datetime:
    time = rpc.block_time(response)
    if time is None:
        raise HistoryUnavailable(
            f"this node does not know the time of slot {rpc_params(response.request)[0]}; ask another one",
            provider=response.request.provider,
            endpoint=response.request.endpoint,
        )
    return time


def _needed(period: Answers, endpoint: str) -> ProviderResponse:
    found = period.last(endpoint)
    if found is None:
        raise _not_staged(period, endpoint)
    return found


def _not_staged(period: Answers, endpoint: str) -> PayloadError:
    return PayloadError(
        "it is not staged; ask for the period again", provider=period.provider, endpoint=endpoint
    )
