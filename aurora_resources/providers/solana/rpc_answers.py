"""What a Solana node answers, as typed records: exact lamports and slots, pure functions of the bytes.

Stake accounts are in `stake_accounts.py`, questions and errors in `rpc.py`. The commission fields of reward
rows are not read at all: their shape changes between node versions (`commission`, `commissionBps`, both,
neither) and the commission that counts is the money in the Voting row.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from aurora_resources.providers.decoding import RateBps, Shape, Unsigned, unexpected
from aurora_resources.providers.json_rpc import Reply, result, rpc_params
from aurora_resources.records import ProviderResponse

FEE: Final = "fee"
VOTING: Final = "voting"
STAKING: Final = "staking"


class EpochInfo(msgspec.Struct, frozen=True, rename="camel"):
    """The running epoch at the time of the answer."""

    epoch: Unsigned
    absolute_slot: Unsigned
    slot_index: Unsigned
    slots_in_epoch: Unsigned


class EpochSchedule(msgspec.Struct, frozen=True, rename="camel"):
    """How epochs map to slots. With warm-up, epochs double in length until `first_normal_epoch`."""

    slots_per_epoch: Unsigned
    first_normal_epoch: Unsigned
    first_normal_slot: Unsigned

    def first_slot(self, epoch: int) -> int:
        """The first slot of `epoch`."""
        if epoch < self.first_normal_epoch:
            return ((1 << epoch) - 1) * _SHORTEST_EPOCH_SLOTS
        return (epoch - self.first_normal_epoch) * self.slots_per_epoch + self.first_normal_slot


class VoteAccount(msgspec.Struct, frozen=True, rename="camel"):
    """One validator as of the answer; stake in lamports; credits as (epoch, credits, credits before)."""

    vote_pubkey: str
    node_pubkey: str
    activated_stake: Unsigned
    epoch_credits: tuple[tuple[int, int, int], ...] = ()
    commission: Unsigned | None = None
    inflation_rewards_commission_bps: RateBps | None = None

    @property
    def announced_bps(self) -> int | None:
        """The commission announced now: basis points where the node gives them, else its percent."""
        if self.inflation_rewards_commission_bps is not None:
            return self.inflation_rewards_commission_bps
        return None if self.commission is None else self.commission * 100


class BlockHeader(msgspec.Struct, frozen=True, rename="camel"):
    """A produced block: `parent_slot` is the produced slot before; `block_height` counts produced slots."""

    parent_slot: Unsigned
    block_height: Unsigned | None = None


class RewardRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One credit (or debit) of a block in lamports; the type is an open set and may be null."""

    pubkey: str
    lamports: int
    reward_type: str | None = None

    def is_a(self, kind: str) -> bool:
        """Whether the row is of `kind`; some indexers write the type in lower case."""
        return self.reward_type is not None and self.reward_type.lower() == kind


class BlockRewards(msgspec.Struct, frozen=True, rename="camel"):
    """A block's rewards. `num_reward_partitions` is on the first block of an epoch only, since partitions."""

    parent_slot: Unsigned
    rewards: tuple[RewardRow, ...]
    num_reward_partitions: Unsigned | None = None

    def total(self, kind: str) -> int:
        """Lamports of all rows of `kind`, whoever was credited."""
        return sum([row.lamports for row in self.rewards if row.is_a(kind)])


class _VoteAccounts(msgspec.Struct, frozen=True):
    current: tuple[VoteAccount, ...]
    delinquent: tuple[VoteAccount, ...] = ()


class _InflationReward(msgspec.Struct, frozen=True, gc=False):
    epoch: Unsigned
    amount: Unsigned


_SHORTEST_EPOCH_SLOTS: Final = 32

_epoch_info = Shape(Reply[EpochInfo])
_epoch_schedule = Shape(Reply[EpochSchedule])
_slots = Shape(Reply[tuple[Unsigned, ...]])
_seconds = Shape(Reply[int | None])
_header = Shape(Reply[BlockHeader])
_rewards = Shape(Reply[BlockRewards])
_vote_accounts = Shape(Reply[_VoteAccounts])
_leader_schedule = Shape(Reply[dict[str, tuple[Unsigned, ...]] | None])
_inflation_rewards = Shape(Reply[tuple[_InflationReward | None, ...]])


def epoch_info(payload: ProviderResponse) -> EpochInfo:
    """The answer of getEpochInfo. Raises PayloadError."""
    return result(_epoch_info, payload)


def epoch_schedule(payload: ProviderResponse) -> EpochSchedule:
    """The answer of getEpochSchedule. Raises PayloadError."""
    return result(_epoch_schedule, payload)


def slots(payload: ProviderResponse) -> tuple[int, ...]:
    """getBlocks, getBlocksWithLimit: produced slots, ascending. Raises PayloadError."""
    return result(_slots, payload)


def block_time(payload: ProviderResponse) -> datetime | None:
    """The answer of getBlockTime in UTC; None when the node does not know. Raises PayloadError."""
    seconds = result(_seconds, payload)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def block_header(payload: ProviderResponse) -> BlockHeader:
    """The answer of getBlock without rewards. Raises PayloadError, also when the block is null."""
    return result(_header, payload)


def block_rewards(payload: ProviderResponse) -> BlockRewards:
    """The answer of getBlock with rewards. Raises PayloadError, also when block or rewards are null."""
    return result(_rewards, payload)


def vote_accounts(payload: ProviderResponse) -> tuple[VoteAccount, ...]:
    """getVoteAccounts, delinquent ones included. Raises PayloadError."""
    found = result(_vote_accounts, payload)
    return (*found.current, *found.delinquent)


def leader_schedule(payload: ProviderResponse) -> dict[str, tuple[int, ...]] | None:
    """getLeaderSchedule: slot indices from the epoch's first slot, by identity; None when not kept."""
    return result(_leader_schedule, payload)


def inflation_rewards(payload: ProviderResponse, epoch: int) -> Mapping[str, int]:
    """getInflationReward: lamports of each address asked for; 0 where there is no reward row.

    The node answers only when the payout is complete, so a missing row is a known zero. Raises PayloadError
    when the rows are not as many as the addresses, or are of another epoch.
    """
    addresses = rpc_params(payload.question)[0]
    rows = result(_inflation_rewards, payload)
    if not isinstance(addresses, list | tuple) or len(addresses) != len(rows):
        raise unexpected(payload, f"{len(rows)} rows do not match the addresses asked for")
    if strange := [row.epoch for row in rows if row is not None and row.epoch != epoch]:
        raise unexpected(payload, f"asked for epoch {epoch}, answered epoch {strange[0]}")
    return {
        str(address): 0 if row is None else row.amount for address, row in zip(addresses, rows, strict=True)
    }
