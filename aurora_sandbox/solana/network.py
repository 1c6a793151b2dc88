"""Solana as the sandbox serves it: the chain of a world, moved on by `POST /_sandbox/advance`."""

from collections.abc import Callable
from typing import Any, Final

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.server.messages import Json
from aurora_sandbox.server.provider import Control
from aurora_sandbox.server.row_faults import AmountFormat, named_epoch, read_integer
from aurora_sandbox.solana.chain import Chain, Settings
from aurora_sandbox.solana.world import World

NETWORK: Final = "solana"
MAX_EPOCHS: Final = 1000

LAMPORTS: Final = AmountFormat(
    "lamports", read_integer, lambda amount, _old: amount, lambda fault: fault.lamports, named_epoch
)
"""Amounts as the providers of Solana write them: JSON integers, in rows that name their epoch."""
TYPED_FIELDS: Final = frozenset(
    {"epoch", "activatedStake", "absoluteSlot", "commission", "activated_stake", "blocks"}
)
"""Fields beside the amounts whose type the fault `wrong_types` changes."""

Grow = Callable[[World, int], World]
"""The world with that many epochs more: a generated one grows as its chain advances."""


class SolanaNetwork:
    """The served world. Its chain is replaced as a whole when it advances."""

    def __init__(self, world: World, settings: Settings, grow: Grow | None = None) -> None:
        """Without `grow` advancing only moves the present epoch within the world."""
        self.chain = Chain(world, settings)
        self._grow = grow

    def advance(self, epochs: int) -> None:
        """Move the present on by `epochs`."""
        world = self.chain.world
        if self._grow is not None:
            world = self._grow(world, epochs)
        current = self.chain.current + epochs
        self.chain = Chain(world.model_copy(update={"current_epoch": current}), self.chain.settings)

    def describe(self) -> dict[str, Any]:
        """What is served and its present epoch and slot."""
        chain, last = self.chain, self.chain.world.epochs[-1]
        return {
            "chain_id": chain.world.chain_id,
            "slots_per_epoch": chain.size,
            "current_epoch": chain.current,
            "current_slot": chain.now,
            "first_epoch": chain.first,
            "last_epoch": last.epoch,
            "validators": len(last.validators),
            "stake_accounts": sum(len(v.stake_accounts) for v in last.validators),
        }


def _advance(network: SolanaNetwork, body: Json) -> None:
    epochs = body.get("epochs", 1) if isinstance(body, dict) else 1 if body is None else body
    if not isinstance(epochs, int) or isinstance(epochs, bool) or not 1 <= epochs <= MAX_EPOCHS:
        raise ConfigurationError(f'advance: give {{"epochs": N}} with N between 1 and {MAX_EPOCHS}')
    network.advance(epochs)


CONTROLS: Final = (Control("POST", "advance", NETWORK, _advance),)
