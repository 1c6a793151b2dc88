"""The balances of the tracked validators, slot by slot: every credit and debit, in gwei.

Attestation rewards follow Altair's rule for source, target and head. The order of events is the
consensus layer's: at the start of an epoch the attestations of two epochs before are credited, then
correlation penalties, deposits and effective balances; in a block withdrawals come first. The contents of
blocks are in `payloads.py`.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import Final, Literal

from aurora_sandbox.ethereum import cast
from aurora_sandbox.ethereum.cast import ETH, Member
from aurora_sandbox.ethereum.keys import number
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.spec import (
    DEPOSIT_WINDOW,
    EPOCHS_PER_SYNC_COMMITTEE_PERIOD,
    GWEI,
    INTERNAL_SWEEP,
    LAST_SYNC_EPOCH,
    OFFLINE_WINDOW,
    SLOTS_PER_EPOCH,
    SWEEP_WINDOWS,
    EthereumSpec,
)

BASE_PER_INCREMENT: Final = 347
_WEIGHTS: Final = {"source": 14, "target": 26, "head": 14}
_WEIGHT_SUM: Final = 64
_ACTIVE_INCREMENTS: Final = 34_000_000
_MISSING_E6: Final = {"source": 2_400, "target": 2_000, "head": 5_000}
_JITTER_E6: Final = 300
Entry = Literal["attestation", "correlation", "deposit", "withdrawal", "slashing", "proposal", "sync"]
SYNC_REWARD: Final = 22_456
DEPOSIT: Final = 5 * ETH
SLASHING_QUOTIENT: Final = 4_096
_CORRELATION_PER_INCREMENT: Final = 1_500_000
_MOST_EFFECTIVE: Final = {False: 32 * ETH, True: 2_048 * ETH}
_LATE_PER_THOUSAND: Final = 12
_UNSIGNED_PER_THOUSAND: Final = 15


@dataclass(frozen=True, slots=True)
class Attested:
    """Rewards and penalties of one validator for its duty of one epoch, gwei, signed."""

    head: int
    target: int
    source: int
    inactivity: int = 0

    @property
    def total(self) -> int:
        """Change of the balance, gwei, signed."""
        return self.head + self.target + self.source + self.inactivity


@lru_cache(maxsize=4_096)
def ideal(seed: int, epoch: int, effective: int) -> Attested:
    """The reward for correct and timely votes at this effective balance, gwei."""
    return Attested(*(_reward(seed, epoch, effective, flag) for flag in ("head", "target", "source")))


def missed(effective: int) -> Attested:
    """The penalty of a validator that did not attest, or is slashed; a missed head costs nothing."""
    base = effective // GWEI * BASE_PER_INCREMENT
    return Attested(
        0, -(base * _WEIGHTS["target"] // _WEIGHT_SUM), -(base * _WEIGHTS["source"] // _WEIGHT_SUM)
    )


def late_head(reward: Attested) -> Attested:
    """The reward of a validator whose head vote came too late."""
    return Attested(0, reward.target, reward.source)


def _reward(seed: int, epoch: int, effective: int, flag: str) -> int:
    base = effective // GWEI * BASE_PER_INCREMENT
    missing = _MISSING_E6[flag] + number(_JITTER_E6, seed, "participation", flag, epoch)
    participating = _ACTIVE_INCREMENTS * (1_000_000 - missing) // 1_000_000
    return base * _WEIGHTS[flag] * participating // (_ACTIVE_INCREMENTS * _WEIGHT_SUM)


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a balance, visible in the state after `slot`; `amount` is signed."""

    slot: int
    entry: Entry
    amount: int


@dataclass(frozen=True, slots=True)
class Proposed:
    """The consensus layer's reward of a block, gwei."""

    attestations: int
    sync_aggregate: int
    attester_slashings: int

    @property
    def total(self) -> int:
        """Sum of all parts, gwei."""
        return self.attestations + self.sync_aggregate + self.attester_slashings


@dataclass(slots=True)
class Account:
    """The account of a tracked validator, gwei.

    `effective` is by epoch, `attested` by epoch of duty, `sync` and `withdrawals` by slot.
    """

    member: Member
    moves: list[Move] = field(default_factory=list)
    effective: dict[int, int] = field(default_factory=dict)
    attested: dict[int, Attested] = field(default_factory=dict)
    sync: dict[int, int] = field(default_factory=dict)
    withdrawals: dict[int, int] = field(default_factory=dict)
    slashed_slot: int | None = None
    balance: int = 0
    _slots: list[int] = field(default_factory=list)
    _after: list[int] = field(default_factory=list)

    def close(self) -> None:
        """Index the balances by slot; nothing may be booked afterwards."""
        self._slots = [move.slot for move in self.moves]
        self._after = list(accumulate((m.amount for m in self.moves), initial=self.member.opening_balance))

    def balance_at(self, slot: int) -> int:
        """The balance in the state after `slot`."""
        return self._after[bisect_right(self._slots, slot)]

    def moved(self, entries: frozenset[Entry], slots: range) -> int:
        """Sum of the entries of these kinds in `slots`, gwei, signed."""
        return sum(m.amount for m in self.moves if m.slot in slots and m.entry in entries)

    def slashed_epoch(self, epoch: int) -> int | None:
        """The epoch it was slashed in, None if it was not up to `epoch`."""
        if self.slashed_slot is not None and self.slashed_slot // SLOTS_PER_EPOCH <= epoch:
            return self.slashed_slot // SLOTS_PER_EPOCH
        return self.member.slashed_before

    def book(self, slot: int, entry: Entry, amount: int) -> None:
        """Add a signed amount to the balance, visible in the state after `slot`."""
        self.balance += amount
        self.moves.append(Move(slot, entry, amount))


def keep_ledger(
    spec: EthereumSpec, members: Sequence[Member], slots: Mapping[int, Slot]
) -> tuple[Account, ...]:
    """The accounts of the tracked validators over all `slots`, which begin with an epoch."""
    accounts = tuple(Account(m, balance=m.opening_balance) for m in members)
    effective = [m.opening_effective for m in members]
    sweeps = _sweeps(spec, accounts, slots)
    first, last = min(slots) // SLOTS_PER_EPOCH, max(slots) // SLOTS_PER_EPOCH
    for epoch in range(first, last + 1):
        for account in accounts:
            ordinal = account.member.ordinal
            _turn_epoch(spec, account, epoch, effective[ordinal], attesting=epoch - 2 >= first)
            effective[ordinal] = _hysteresis(account, effective[ordinal])
            account.effective[epoch] = effective[ordinal]
        for slot in range(epoch * SLOTS_PER_EPOCH, (epoch + 1) * SLOTS_PER_EPOCH):
            if slots[slot].canonical:
                _run_block(spec, accounts, slots[slot], sweeps.get(slot, ()))
    for account in accounts:
        account.close()
    return accounts


def proposed(spec: EthereumSpec, slot: Slot) -> Proposed:
    """The consensus reward of the block in `slot`, whether or not a tracked validator proposed it."""
    return Proposed(
        attestations=36_000_000 + number(8_000_000, spec.seed, "included", slot.slot),
        sync_aggregate=1_500_000 + number(110_000, spec.seed, "aggregate", slot.slot),
        attester_slashings=32 * ETH // SLASHING_QUOTIENT if slot.kind == "slashing" else 0,
    )


def is_offline(spec: EthereumSpec, ordinal: int, epoch: int) -> bool:
    """Whether the member performs no duty in `epoch`."""
    return ordinal == cast.OFFLINE and epoch in spec.epochs(spec.first + OFFLINE_WINDOW)


def in_committee(ordinal: int, epoch: int) -> int:
    """How many seats of the sync committee of `epoch` are the member's."""
    same = epoch // EPOCHS_PER_SYNC_COMMITTEE_PERIOD == LAST_SYNC_EPOCH // EPOCHS_PER_SYNC_COMMITTEE_PERIOD
    return cast.SYNC_SEATS.get(ordinal, 0) if same else 0


def _turn_epoch(
    spec: EthereumSpec,
    account: Account,
    epoch: int,
    effective: int,
    *,
    attesting: bool,
) -> None:
    """What changes the balance at the start of `epoch`; the attestations are those of two epochs before."""
    start, ordinal = epoch * SLOTS_PER_EPOCH, account.member.ordinal
    if attesting:
        found = _attested(spec, account, epoch - 2, effective)
        account.attested[epoch - 2] = found
        account.book(start, "attestation", max(found.total, -account.balance))
    if ordinal == cast.SLASHED_BEFORE and epoch == cast.correlation_epoch(spec):
        account.book(start, "correlation", -(effective // ETH * _CORRELATION_PER_INCREMENT))
    if ordinal == cast.DEPOSITING and epoch == spec.epochs(spec.first + DEPOSIT_WINDOW).start + 1:
        account.book(start, "deposit", DEPOSIT)


def _attested(spec: EthereumSpec, account: Account, duty: int, effective: int) -> Attested:
    # A validator slashed by the end of the next epoch counts as not having attested.
    if account.slashed_epoch(duty + 1) is not None or is_offline(spec, account.member.ordinal, duty):
        return missed(effective)
    reward = ideal(spec.seed, duty, effective)
    late = number(1_000, spec.seed, "late", account.member.ordinal, duty) < _LATE_PER_THOUSAND
    return late_head(reward) if late else reward


def _hysteresis(account: Account, effective: int) -> int:
    if account.balance + ETH // 4 < effective or effective + ETH + ETH // 4 < account.balance:
        most = _MOST_EFFECTIVE[account.member.compounding]
        return min(account.balance - account.balance % ETH, most)
    return effective


def _run_block(spec: EthereumSpec, accounts: Sequence[Account], slot: Slot, sweep: Sequence[Account]) -> None:
    for account in sweep:
        excess = account.balance - 32 * ETH
        if excess > 0:
            account.withdrawals[slot.slot] = excess
            account.book(slot.slot, "withdrawal", -excess)
    if slot.kind == "slashing" and accounts[cast.SLASHED].slashed_slot is None:
        slashed = accounts[cast.SLASHED]
        slashed.slashed_slot = slot.slot
        epoch = slot.slot // SLOTS_PER_EPOCH
        slashed.book(slot.slot, "slashing", -(slashed.effective[epoch] // SLASHING_QUOTIENT))
    if slot.member is not None:
        accounts[slot.member].book(slot.slot, "proposal", proposed(spec, slot).total)
    for ordinal in cast.SYNC_SEATS:
        _sit(spec, accounts[ordinal], slot.slot)


def _sit(spec: EthereumSpec, account: Account, slot: int) -> None:
    """The sync committee's reward of a block for each seat, or the same as a penalty."""
    ordinal, epoch = account.member.ordinal, slot // SLOTS_PER_EPOCH
    seats = in_committee(ordinal, epoch)
    if not seats:
        return
    silent = number(1_000, spec.seed, "unsigned", ordinal, slot) < _UNSIGNED_PER_THOUSAND
    amount = seats * (-SYNC_REWARD if silent or is_offline(spec, ordinal, epoch) else SYNC_REWARD)
    account.sync[slot] = amount
    account.book(slot, "sync", amount)


def _sweeps(
    spec: EthereumSpec, accounts: Sequence[Account], slots: Mapping[int, Slot]
) -> dict[int, list[Account]]:
    """The accounts whose excess is withdrawn, by slot."""
    found: dict[int, list[Account]] = {}
    for window in range(spec.first, max(slots) // spec.window_slots + 1):
        if (window - spec.first) % len(spec.schedule) not in SWEEP_WINDOWS:
            continue
        for account in accounts:
            if account.member.compounding or account.member.ordinal in (cast.SLASHED, cast.SLASHED_BEFORE):
                continue
            at = spec.slots(window).start + 5 + 3 * account.member.ordinal
            while at in slots and not slots[at].canonical:
                at += 1
            found.setdefault(at, []).append(account)
    for slot in slots.values():
        if slot.kind == "internal":
            found.setdefault(slot.slot, []).append(accounts[INTERNAL_SWEEP])
    return found
