"""The chain of a world: its present, blocks and times, and what each epoch paid.

Everything is computed on first use and kept. The providers (`rpc.py`, `jito.py`, ...) put these facts into
their wire formats; nothing here knows a wire format.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final, Literal

from aurora_resources.addresses import decode_base58
from aurora_sandbox.solana.pubkeys import derive_pubkey
from aurora_sandbox.solana.rewards import (
    Delegations,
    EpochRewards,
    Partitioner,
    TipSplit,
    epoch_rewards,
    partition_count,
    priority_fee_protocol_bps,
    split_tips,
    tip_protocol_bps,
)
from aurora_sandbox.solana.slots import EpochSlots, lay_out
from aurora_sandbox.solana.world import Epoch, StakeAccount, Validator, World, leader_shares

EPOCH_SECONDS: Final = 172_800
FIRST_VOTE_BALANCE: Final = 10**9
FIRST_IDENTITY_BALANCE: Final = 10_000 * 10**9
VOTE_FEE: Final = 5_000
CREDITS_PER_VOTE: Final = 16
_EPOCH_796_START: Final = datetime(2025, 6, 1, tzinfo=UTC)


CommissionFields = Literal["percent", "bps", "none"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Behaviour of the served providers.

    `commission_fields`: the RPC node gives `commission` in percent (Agave 3), null and `commissionBps`
    (Agave 4), or neither (SIMD-0232). `archive`: a node with long-term storage, which reports skipped
    slots as -32009. `slot_in_epoch` is the present slot in its epoch, the middle if None. `schedule_epochs`:
    how many epochs back leader schedules are kept, all if None. `rewards_per_block`: stake rows in each block
    of the payout. `jito_lag_epochs`: Jito shows epoch N once the current one is at least N plus this.
    """

    commission_fields: CommissionFields = "bps"
    archive: bool = False
    slot_in_epoch: int | None = None
    schedule_epochs: int | None = None
    rewards_per_block: int = 4096
    max_reward_addresses: int = 32
    max_batch: int | None = None
    jito_lag_epochs: int = 1
    solanabeach_key: str | None = None


class EpochFacts:
    """One listed epoch with what it implies: active accounts, rewards, tips and slots."""

    def __init__(self, epoch: Epoch, world: World) -> None:
        self.epoch = epoch
        self.number = epoch.epoch
        self._world = world

    @cached_property
    def accounts(self) -> dict[str, tuple[StakeAccount, ...]]:
        """Every stake account by vote account, active or not, with the synthetic ones."""
        return {v.vote_account: v.accounts_in(self.number) for v in self.epoch.validators}

    def active(self, vote: str) -> tuple[StakeAccount, ...]:
        """The stake accounts of `vote` that count in this epoch."""
        return tuple(account for account in self.accounts[vote] if account.is_active(self.number))

    @cached_property
    def rewards(self) -> EpochRewards:
        """What this epoch's inflation pays (at the start of the next)."""
        return epoch_rewards(
            self.epoch.rewards_total,
            (
                Delegations(
                    v.vote_account,
                    v.rate_bps,
                    v.credits,
                    [(a.stake_account, a.stake) for a in self.active(v.vote_account)],
                )
                for v in self.epoch.validators
            ),
        )

    @cached_property
    def by_stake_account(self) -> dict[str, tuple[Validator, StakeAccount]]:
        """Owner and state of every stake account."""
        return {
            account.stake_account: (validator, account)
            for validator in self.epoch.validators
            for account in self.accounts[validator.vote_account]
        }

    @cached_property
    def slots(self) -> EpochSlots:
        """The epoch's leaders, blocks and fees."""
        size = self._world.slots_per_epoch
        return lay_out(leader_shares(self.epoch, size), size, f"{self._world.chain_id}/{self.number}")

    def tip_split(self, validator: Validator, stakes: list[int]) -> TipSplit | None:
        """Shares of the validator's tips; None where tips are unknown."""
        if validator.tips is None or validator.mev_commission_bps is None:
            return None
        return split_tips(validator.tips, validator.mev_commission_bps, tip_protocol_bps(self.number), stakes)

    def priority_fee_split(self, validator: Validator, stakes: list[int]) -> TipSplit | None:
        """Shares of the priority fees the validator shared, without the part it kept."""
        if validator.priority_fees_shared is None:
            return None
        return split_tips(validator.priority_fees_shared, 0, priority_fee_protocol_bps(self.number), stakes)


class Balances:
    """Balances after rewards (`postBalance`), in lamports, along the listed epochs of a chain.

    Vote accounts change after each payout, identities after each block. The opening balances are invented,
    but the figures are consistent: a balance moves only by what the sandbox serves. Computed on first use.
    """

    def __init__(self, chain: "Chain") -> None:
        self._chain = chain
        self._votes: dict[int, dict[str, int]] = {}
        self._identities: dict[tuple[str, int], dict[int, int]] = {}

    def vote(self, vote: str, epoch: int) -> int:
        """The vote account after the payout for listed `epoch`: 1 SOL and all commissions until then."""
        for number in range(self._chain.first, epoch + 1):
            facts = self._chain.facts(number)
            if number in self._votes or facts is None:
                continue
            balances = dict(self._votes.get(number - 1, {}))
            for key, amount in facts.rewards.voting.items():
                balances[key] = balances.get(key, FIRST_VOTE_BALANCE) + amount
            self._votes[number] = balances
        return self._votes[epoch].get(vote, FIRST_VOTE_BALANCE)

    def identity(self, identity: str, epoch: int, index: int) -> int:
        """The identity after its block at `index` of listed `epoch`.

        10,000 SOL at first, plus every fee, less 5,000 lamports for each vote (one for 16 credits), never
        below zero.
        """
        return max(self._after_blocks(identity, epoch)[index], 0)

    def _after_blocks(self, identity: str, epoch: int) -> dict[int, int]:
        """Balance by block index; under -1 that at the end of the epoch."""
        known = self._identities.get((identity, epoch))
        if known is not None:
            return known
        facts = self._chain.facts(epoch)
        if facts is None:  # before the first listed epoch
            return {-1: FIRST_IDENTITY_BALANCE}
        balance = self._after_blocks(identity, epoch - 1)[-1]
        earned = sum(v.credits for v in facts.epoch.validators if v.node == identity)
        votes, spent = earned // CREDITS_PER_VOTE, 0
        after: dict[int, int] = {}
        for index in facts.slots.produced_by.get(identity, []):
            if index in facts.slots.fees:
                cost = votes * index // self._chain.size * VOTE_FEE
                balance += facts.slots.fees[index][1] - (cost - spent)
                spent = cost
                after[index] = balance
        after[-1] = balance - (votes * VOTE_FEE - spent)
        self._identities[identity, epoch] = after
        return after


class Chain:
    """The served network at its present slot. Replaced as a whole when the sandbox advances."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        self.size = world.slots_per_epoch
        self.current = world.present_epoch
        self.first = world.epochs[0].epoch
        self._listed = {epoch.epoch: EpochFacts(epoch, world) for epoch in world.epochs}
        self._heights: dict[int, int] = {self.first: self.start(self.first) - self.start(self.first) // 50}
        self._partitioned: dict[int, list[list[str]]] = {}
        self.balances = Balances(self)

    # the present

    def start(self, epoch: int) -> int:
        """The first slot of `epoch`."""
        return epoch * self.size

    def epoch_of(self, slot: int) -> int:
        """The epoch that `slot` is in."""
        return slot // self.size

    @cached_property
    def now(self) -> int:
        """The latest finalized slot; it has a block."""
        index = self.settings.slot_in_epoch
        wanted = self.size // 2 if index is None else index
        produced = self.slots(self.current).produced
        return self.start(self.current) + produced[max(bisect_right(produced, wanted) - 1, 0)]

    def facts(self, epoch: int) -> EpochFacts | None:
        """The epoch's facts; None if the world does not list it or the chain has not reached it."""
        return self._listed.get(epoch) if epoch <= self.current else None

    @cached_property
    def latest(self) -> EpochFacts:
        """The current epoch if it is listed, else the last listed one before it."""
        return self._listed[min(self.current, max(self._listed))]

    @cached_property
    def visible(self) -> list[EpochFacts]:
        """All listed epochs up to the current one, ascending."""
        return [facts for number, facts in self._listed.items() if number <= self.current]

    # blocks

    def slots(self, epoch: int) -> EpochSlots:
        """Leaders and blocks of `epoch`, the first listed one or later.

        The epoch after the last listed one pays that one's rewards, so it has blocks. Later epochs start
        with a hole in the node's ledger: what their predecessors paid is unknown, and is never zero.
        """
        listed = self._listed.get(epoch)
        if listed is not None:
            return listed.slots
        return self._unlisted if epoch - 1 in self._listed else self._after_hole

    @cached_property
    def _unlisted(self) -> EpochSlots:
        return lay_out((), self.size, "")

    @cached_property
    def _after_hole(self) -> EpochSlots:
        return EpochSlots(self.size, [i for i in self._unlisted.produced if i >= self.size // 4])

    def blocks(self, start: int, end: int) -> list[int]:
        """All produced slots from `start` to `end`, both included, up to now."""
        start, end = max(start, self.start(self.first)), min(end, self.now)
        found: list[int] = []
        for epoch in range(self.epoch_of(start), self.epoch_of(end) + 1):
            base = self.start(epoch)
            found.extend(base + i for i in self.slots(epoch).produced if start <= base + i <= end)
        return found

    def block_position(self, slot: int) -> int | None:
        """How many blocks of its epoch precede the block at `slot`; None if there is none."""
        return self.slots(self.epoch_of(slot)).position(slot % self.size)

    def height(self, slot: int) -> int:
        """The block height at a produced `slot`."""
        epoch = self.epoch_of(slot)
        for number in range(self.first, epoch):
            if number + 1 not in self._heights:
                self._heights[number + 1] = self._heights[number] + len(self.slots(number).produced)
        return self._heights[epoch] + (self.block_position(slot) or 0)

    def parent(self, slot: int) -> int:
        """The slot of the previous block. At the start of the node's history or after a hole, one less."""
        epoch, position = self.epoch_of(slot), self.block_position(slot)
        if position:
            return self.start(epoch) + self.slots(epoch).produced[position - 1]
        if epoch > self.first and self.slots(epoch).produced[0] < self.size // 4:
            return self.start(epoch - 1) + self.slots(epoch - 1).produced[-1]
        return slot - 1

    def blockhash(self, slot: int) -> str:
        """The hash of the block at `slot`."""
        return derive_pubkey("aurora-world", "block", self.world.chain_id, slot)

    # payouts

    def boundary(self, epoch: int) -> int | None:
        """The first block at or after the start of `epoch`; None if it is not produced yet."""
        if epoch > self.current:
            return None
        slot = self.start(epoch) + self.slots(epoch).produced[0]
        return slot if slot <= self.now else None

    def partition_count(self, epoch: int) -> int:
        """How many blocks pay the stakers of listed `epoch`."""
        rows = len(self._listed[epoch].rewards.staking)
        return partition_count(rows, self.settings.rewards_per_block, self.size)

    def partitions(self, epoch: int) -> list[list[str]]:
        """Stake accounts paid for listed `epoch`, by block of the payout, in ascending address order."""
        if epoch not in self._partitioned:
            staking = self._listed[epoch].rewards.staking
            count = self.partition_count(epoch)
            assign = self._partitioner(epoch, count)
            parts: list[list[str]] = [[] for _ in range(count)]
            for address in sorted(staking):
                parts[assign.partition(decode_base58(address)) if count > 1 else 0].append(address)
            self._partitioned[epoch] = parts
        return self._partitioned[epoch]

    def partition_of(self, epoch: int, address: str) -> tuple[int, int]:
        """(block of the payout for listed `epoch` that `address` falls in, number of blocks)."""
        count = self.partition_count(epoch)
        return self._partitioner(epoch, count).partition(decode_base58(address)), count

    def _partitioner(self, epoch: int, count: int) -> Partitioner:
        first = self.start(epoch + 1) + self.slots(epoch + 1).produced[0]
        return Partitioner(count, decode_base58(self.blockhash(self.parent(first))))

    # times

    def epoch_start_time(self, epoch: int) -> datetime:
        """When `epoch` began: as the world gives it, else two days an epoch from the nearest given time."""
        return self._start_times.get(epoch) or self._guess_start(epoch)

    @cached_property
    def _start_times(self) -> dict[int, datetime]:
        ends = {number + 1: facts.epoch.ends_at for number, facts in self._listed.items()}
        starts = {number: facts.epoch.starts_at for number, facts in self._listed.items()}
        known = {number: at for number, at in ends.items() if at}
        return known | {number: at for number, at in starts.items() if at}

    def _guess_start(self, epoch: int) -> datetime:
        anchors = self._start_times or {796: _EPOCH_796_START}
        nearest = min(anchors, key=lambda number: (abs(number - epoch), number))
        return anchors[nearest] + timedelta(seconds=EPOCH_SECONDS * (epoch - nearest))

    def block_time(self, slot: int) -> int:
        """Unix seconds of `slot`, slots being equally long within an epoch."""
        epoch, index = divmod(slot, self.size)
        start = int(self.epoch_start_time(epoch).timestamp())
        end = int(self.epoch_start_time(epoch + 1).timestamp())
        return start + (end - start) * index // self.size
