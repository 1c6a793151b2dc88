"""What the command line can choose about a generated world; light to import, so that it starts quickly."""

from dataclasses import dataclass
from typing import Final

from aurora_resources.errors import ConfigurationError

ACTIVATION_EPOCHS: Final = 12
"""Stake accounts activate and deactivate within this many epochs of the first one."""
_MIN_VALIDATORS: Final = 8
_MIN_SLOTS_PER_EPOCH: Final = 32


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """The options a world is generated from. Equal specs give equal worlds, on every machine."""

    seed: int = 7
    validators: int = 24
    stakers: int = 400
    first_epoch: int = 800
    epochs: int = 8
    slots_per_epoch: int = 432

    def __post_init__(self) -> None:
        """Raises ConfigurationError for options that no world can have."""
        if self.validators < _MIN_VALIDATORS or self.stakers < self.validators:
            raise ConfigurationError(
                f"world: {self.validators} validators and {self.stakers} stake accounts; at least "
                f"{_MIN_VALIDATORS} validators are needed and no fewer stake accounts than validators"
            )
        if (
            self.epochs < 1
            or self.first_epoch < ACTIVATION_EPOCHS
            or self.slots_per_epoch < _MIN_SLOTS_PER_EPOCH
        ):
            raise ConfigurationError(
                f"world: at least one epoch, a first epoch from {ACTIVATION_EPOCHS} on and "
                f"{_MIN_SLOTS_PER_EPOCH} slots an epoch, not "
                f"{self.epochs}, {self.first_epoch} and {self.slots_per_epoch}"
            )
