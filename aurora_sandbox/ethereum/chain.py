"""A world as a node shows it at one moment: its head, what is final, which states it has, lookups by id.

The responses are in the modules named after the APIs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.ethereum import cast
from aurora_sandbox.ethereum.cast import NetworkValidator, network_validator
from aurora_sandbox.ethereum.keys import root
from aurora_sandbox.ethereum.ledger import Account
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.spec import SLOTS_PER_EPOCH
from aurora_sandbox.ethereum.world import EthereumWorld
from aurora_sandbox.server.messages import Json, SandboxResponse

_HEAD_SLOT_IN_EPOCH: Final = 20
_FINALITY_EPOCHS: Final = 2
MAX_EPOCHS: Final = 10_000


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """The state of the served node; None takes the world's own figure.

    `head_epoch`: the current epoch. `finalized_epoch`: the latest final one; set it to stall finality.
    `states_from_epoch`: earlier states are pruned.
    """

    head_epoch: int | None = None
    finalized_epoch: int | None = None
    states_from_epoch: int | None = None


class RestError(Exception):
    """A Beacon or relay API error: its status and body."""

    def __init__(self, status: int, message: str, **more: Json) -> None:
        super().__init__(message)
        self.response = SandboxResponse({"code": status, "message": message, **more}, status)


class EthereumChain:
    """The world at one moment; immutable, so another moment is another chain."""

    def __init__(self, world: EthereumWorld, node: NodeSettings) -> None:
        self.world = world
        self.node = node

    @property
    def head_epoch(self) -> int:
        """The current epoch."""
        return self.world.head_epoch if self.node.head_epoch is None else self.node.head_epoch

    @property
    def head_slot(self) -> int:
        """The latest slot, which may be empty."""
        return self.head_epoch * SLOTS_PER_EPOCH + _HEAD_SLOT_IN_EPOCH

    @property
    def finalized_epoch(self) -> int:
        """The epoch of the latest finalized checkpoint."""
        usual = self.head_epoch - _FINALITY_EPOCHS
        return usual if self.node.finalized_epoch is None else min(self.node.finalized_epoch, usual)

    @property
    def justified_epoch(self) -> int:
        """The epoch of the latest justified checkpoint."""
        return self.finalized_epoch + 1

    def is_final(self, slot: int) -> bool:
        """Whether blocks and states up to `slot` are final."""
        return slot <= self.finalized_epoch * SLOTS_PER_EPOCH

    def slot(self, number: int) -> Slot | None:
        """The slot; None if the node has not reached it or its history begins later."""
        return self.world.slots.get(number) if number <= self.head_slot else None

    def block_before(self, number: int) -> Slot:
        """The latest canonical block at or before a slot. Raises RestError 404 before the node's history."""
        for at in range(min(number, self.head_slot), self.world.covered.start - 1, -1):
            if self.world.slots[at].canonical:
                return self.world.slots[at]
        raise RestError(404, "Block not found")

    def by_root(self, block_root: str) -> Slot | None:
        """The block with this root, canonical or not."""
        found = self._by_root.get(block_root)
        return found if found is not None and found.slot <= self.head_slot else None

    def by_hash(self, block_hash: str) -> Slot | None:
        """The canonical block whose payload has this hash."""
        found = self._by_hash.get(block_hash)
        return found if found is not None and found.slot <= self.head_slot else None

    def by_number(self, number: int) -> Slot | None:
        """The canonical block with this number."""
        found = self._by_number.get(number)
        return found if found is not None and found.slot <= self.head_slot else None

    def checkpoint_root(self, epoch: int) -> str:
        """The root of an epoch's checkpoint: its first block, or the last one before."""
        return self.block_before(epoch * SLOTS_PER_EPOCH).root

    def state_slot(self, state_root: str) -> int | None:
        """The slot of a state with this root."""
        return self._by_state.get(state_root)

    def state_root(self, slot: int) -> str:
        """The root of the state after a slot."""
        return root(self.world.spec.seed, "state", slot)

    def check_state(self, slot: int) -> None:
        """Raises RestError 404 if the node has no state of `slot`; for a pruned one as Lighthouse does."""
        if slot > self.head_slot:
            raise RestError(404, "State not found")
        if slot < self.first_state_slot:
            raise RestError(404, f"NOT_FOUND: missing state at slot {slot}", stacktraces=[])

    @property
    def first_state_slot(self) -> int:
        """The first slot whose state the node has."""
        kept = (self.node.states_from_epoch or 0) * SLOTS_PER_EPOCH
        return max(self.world.covered.start, kept)

    def validator(self, identifier: str) -> Account | NetworkValidator | None:
        """A tracked or another validator by index or public key; None if there is none."""
        if identifier.isascii() and identifier.isdigit():
            index = int(identifier)
            found = self._accounts_by_index.get(index)
            if found is None and cast.is_network_validator(index):
                return network_validator(self.world.spec.seed, index)
            return found
        return self._by_pubkey.get(identifier.lower())

    def all_indices(self) -> list[str]:
        """The index of every validator, as text."""
        ours = [str(account.member.index) for account in self.world.accounts]
        return ours + [str(cast.NETWORK_FIRST + place) for place in range(cast.NETWORK_SIZE)]

    def changed(self, changes: Mapping[str, Json]) -> "EthereumChain":
        """The chain with other node settings, over a longer world where the head needs it.

        Raises ConfigurationError for an unknown setting or an invalid value.
        """
        for name, value in changes.items():
            if name not in (*NodeSettings.__slots__, "advance_epochs"):
                raise ConfigurationError(f"Ethereum node: {name!r} cannot be set; {_SETTABLE}")
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
                raise ConfigurationError(f"Ethereum node: {name} is a number or null, not {value!r}")
        settings = {name: value for name, value in changes.items() if name != "advance_epochs"}
        if changes.get("advance_epochs") is not None:
            settings["head_epoch"] = self.head_epoch + changes["advance_epochs"]
        node = replace(self.node, **settings)
        world = self.world
        needed = (node.head_epoch or 0) - world.head_epoch
        if needed > MAX_EPOCHS:
            raise ConfigurationError(f"Ethereum node: at most {MAX_EPOCHS} epochs more at a time")
        if needed > 0:
            world = world.longer(-(-needed // world.spec.window_epochs))
        # The head of a longer world is later; the served head must stay where it was.
        settled = node if node.head_epoch is not None else replace(node, head_epoch=self.head_epoch)
        return EthereumChain(world, settled if needed > 0 else node)

    def describe(self) -> dict[str, Any]:
        """Its position, as `/_sandbox/ethereum` shows it."""
        spec = self.world.spec
        return {
            "seed": spec.seed,
            "window_epochs": spec.window_epochs,
            "first_window": self.world.first_window,
            "last_window": self.world.last_window,
            "head_epoch": self.head_epoch,
            "head_slot": self.head_slot,
            "finalized_epoch": self.finalized_epoch,
            "states_from_epoch": self.first_state_slot // SLOTS_PER_EPOCH,
            "validators": len(self.world.members),
        }

    @cached_property
    def _by_root(self) -> Mapping[str, Slot]:
        found = self.world.slots.values()
        return {s.root: s for s in found if s.canonical or s.kind == "orphaned"}

    @cached_property
    def _by_hash(self) -> Mapping[str, Slot]:
        return {s.hash: s for s in self.world.slots.values() if s.canonical}

    @cached_property
    def _by_number(self) -> Mapping[int, Slot]:
        return {s.number: s for s in self.world.slots.values() if s.canonical}

    @cached_property
    def _by_state(self) -> Mapping[str, int]:
        return {self.state_root(slot): slot for slot in self.world.slots}

    @cached_property
    def _accounts_by_index(self) -> Mapping[int, Account]:
        return {account.member.index: account for account in self.world.accounts}

    @cached_property
    def _by_pubkey(self) -> Mapping[str, Account | NetworkValidator]:
        seed = self.world.spec.seed
        known: dict[str, Account | NetworkValidator] = {
            one.pubkey: one
            for one in (network_validator(seed, cast.NETWORK_FIRST + n) for n in range(cast.NETWORK_SIZE))
        }
        return known | {account.member.pubkey: account for account in self.world.accounts}


_SETTABLE: Final = "known: head_epoch, finalized_epoch, states_from_epoch, advance_epochs"
