"""A generated Ethereum world: slots, balances, blocks and relays' claims that follow from a spec.

What a node shows of it at one moment is in `chain.py`, its ground truth in `truth.py`.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from aurora_sandbox.ethereum.cast import NETWORK_FIRST, NETWORK_SIZE, Member, draw_members, smoothing_pool
from aurora_sandbox.ethereum.keys import address, number
from aurora_sandbox.ethereum.ledger import Account, keep_ledger
from aurora_sandbox.ethereum.payloads import Claim, Payload, claims_of, make_payload
from aurora_sandbox.ethereum.slots import Slot, lay_slots
from aurora_sandbox.ethereum.spec import GWEI, LEAD_EPOCHS, SLOTS_PER_EPOCH, EthereumSpec

_TAIL_EPOCHS: Final = 4
_FILLED_UP_TO: Final = 3
_PER_SLOT: Final = 16
_FIRST_INDEX: Final = 90_000_000


@dataclass
class EthereumWorld:
    """Everything that follows from `spec`; immutable once made."""

    spec: EthereumSpec
    members: tuple[Member, ...] = field(init=False)
    slots: dict[int, Slot] = field(init=False)
    accounts: tuple[Account, ...] = field(init=False)
    _payloads: dict[int, Payload] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Lay out the slots and keep the accounts."""
        self.members = draw_members(self.spec)
        self.slots = lay_slots(self.spec, self.members, self.covered)
        self.accounts = keep_ledger(self.spec, self.members, self.slots)

    @property
    def covered(self) -> range:
        """The slots that exist: some epochs before the first window, two windows and more after the last."""
        start = (self.spec.first_epoch - LEAD_EPOCHS) * SLOTS_PER_EPOCH
        return range(start, (self.head_epoch + 2) * SLOTS_PER_EPOCH)

    @property
    def head_epoch(self) -> int:
        """The current epoch: far enough after the last window for a finality lag of one window."""
        return self.spec.end_epoch + 2 * self.spec.window_epochs + _TAIL_EPOCHS

    @property
    def first_window(self) -> int:
        """The first window with tracked proposals."""
        return self.spec.first

    @property
    def last_window(self) -> int:
        """The last window with ground truth."""
        return self.spec.last

    @property
    def own_wallets(self) -> tuple[str, ...]:
        """The operator's own withdrawal addresses."""
        return tuple(dict.fromkeys(m.withdrawal_address for m in self.members if m.client is None))

    @property
    def fee_recipients(self) -> tuple[str, ...]:
        """The fee recipients of the tracked validators: wallets of operator and clients, and the pool."""
        return tuple(dict.fromkeys(m.fee_recipient for m in self.members))

    @property
    def smoothing_pool(self) -> str:
        """The pool that one member's block income goes to."""
        return smoothing_pool(self.spec.seed)

    @cached_property
    def own_slots(self) -> tuple[Slot, ...]:
        """The slots that tracked validators propose in, ascending."""
        return tuple(slot for slot in self.slots.values() if slot.member is not None)

    @cached_property
    def claims(self) -> dict[str, tuple[Claim, ...]]:
        """Every relay's rows, the latest slot first."""
        return claims_of(self.spec, self.slots, self.payload)

    @cached_property
    def transactions(self) -> dict[str, int]:
        """The slot of each transaction in a canonical block, by transaction hash."""
        return {
            tx.hash: slot.slot
            for slot in self.slots.values()
            if slot.canonical
            for tx in self.payload(slot.slot).transactions
        }

    def payload(self, slot: int) -> Payload:
        """The execution block of a slot, canonical or not."""
        if slot not in self._payloads:
            self._payloads[slot] = make_payload(self.spec, self.members, self.slots[slot])
        return self._payloads[slot]

    def effective(self, ordinal: int, epoch: int) -> int:
        """A member's effective balance in the states of an epoch, gwei."""
        return self.accounts[ordinal].effective[epoch]

    @cached_property
    def _income(self) -> dict[str, list[tuple[int, int]]]:
        """(block number, wei) of every receipt of a tracked address, by address."""
        found: dict[str, list[tuple[int, int]]] = {
            address: [] for m in self.members for address in (m.fee_recipient, m.withdrawal_address)
        }
        for account in self.accounts:
            for at, amount in account.withdrawals.items():
                found[account.member.withdrawal_address].append((self.slots[at].number, amount * GWEI))
        for slot in self.own_slots:
            if slot.canonical:
                for address, wei in _received(self.payload(slot.slot)):
                    if address in found:
                        found[address].append((slot.number, wei))
        return found

    def balance(self, address: str, block_number: int) -> int:
        """The balance of an address after a block, wei; zero for one that is not tracked."""
        income = self._income.get(address)
        if income is None:
            return 0
        opening = number(40 * GWEI * GWEI, self.spec.seed, "wealth", address)
        return opening + sum(wei for at, wei in income if at <= block_number)

    def longer(self, windows: int) -> "EthereumWorld":
        """The same world with that many windows more."""
        return generate_ethereum(replace(self.spec, windows=self.spec.windows + windows))


def generate_ethereum(spec: EthereumSpec) -> EthereumWorld:
    """The world that follows from `spec`."""
    return EthereumWorld(spec)


def demo_ethereum() -> EthereumWorld:
    """The demonstration's world: nine validators, windows 66986 to 66991 of six epochs."""
    return generate_ethereum(EthereumSpec())


def _received(block: Payload) -> list[tuple[str, int]]:
    """(address, wei) of the fees and of every transfer that succeeded."""
    found = [(block.miner, block.fees)]
    for tx in block.transactions:
        if tx.succeeded and tx.to is not None:
            found.append((tx.to, tx.value))
        found += tx.moves
    return found


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One line of a block's withdrawals; `amount` in gwei."""

    index: int
    validator_index: int
    address: str
    amount: int


def withdrawals_of(world: EthereumWorld, slot: Slot) -> tuple[Withdrawal, ...]:
    """All withdrawals of the block of `slot`."""
    start = _FIRST_INDEX + (slot.slot - world.covered.start) * _PER_SLOT
    rows = [
        (account.member.index, account.member.withdrawal_address, account.withdrawals[slot.slot])
        for account in world.accounts
        if slot.slot in account.withdrawals
    ]
    for place in range(len(rows), _FILLED_UP_TO):
        index = NETWORK_FIRST + number(NETWORK_SIZE, world.spec.seed, "swept", slot.slot, place)
        amount = 15_000_000 + number(5_000_000, world.spec.seed, "sweep", slot.slot, place)
        rows.append((index, address(world.spec.seed, "network-withdrawal", index), amount))
    return tuple(Withdrawal(start + place, *row) for place, row in enumerate(rows))
