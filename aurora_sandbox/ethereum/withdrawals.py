"""The withdrawals of a block: ours as the ledger has them, filled up with the network's.

Amounts are gwei; each API words them in its own way.
"""

from dataclasses import dataclass
from typing import Final

from aurora_sandbox.ethereum.cast import NETWORK_FIRST, NETWORK_SIZE
from aurora_sandbox.ethereum.keys import address, number
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.world import EthereumWorld

_FILLED_UP_TO: Final = 3
_PER_SLOT: Final = 16
_FIRST_INDEX: Final = 90_000_000


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
