"""The constants of a network as its node gives them (GET config/spec), and the forks that change a rule.

Only what Aurora computes with is read. Slot times come as milliseconds on newer nodes and as seconds on
older ones; both are understood.
"""

from typing import Final

import msgspec

from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.ethereum.beacon_answers import Data
from aurora_resources.providers.ethereum.quantities import DecimalUint, epoch_or_none, shape
from aurora_resources.records import ProviderResponse

_MILLISECONDS: Final = 1_000


class Spec(msgspec.Struct, frozen=True):
    """A network's constants; fork epochs are None where the fork is not scheduled."""

    slots_per_epoch: int
    seconds_per_slot: int
    epochs_per_sync_committee_period: int
    epochs_per_slashings_vector: int
    withdrawability_delay_epochs: int
    altair_epoch: int | None
    bellatrix_epoch: int | None
    electra_epoch: int | None
    gloas_epoch: int | None
    slashing_quotients: tuple[int, int, int, int]
    """What an effective balance is divided by at a slashing: phase 0, Altair, Bellatrix, Electra."""

    def slashing_quotient(self, epoch: int) -> int:
        """The divisor of the initial penalty for a slashing in `epoch`."""
        forks = (self.electra_epoch, self.bellatrix_epoch, self.altair_epoch)
        for fork, quotient in zip(forks, reversed(self.slashing_quotients), strict=False):
            if fork is not None and epoch >= fork:
                return quotient
        return self.slashing_quotients[0]

    def epoch_of(self, slot: int) -> int:
        """The epoch of a slot."""
        return slot // self.slots_per_epoch

    def first_slot(self, epoch: int) -> int:
        """The first slot of an epoch."""
        return epoch * self.slots_per_epoch

    def sync_period(self, epoch: int) -> int:
        """The sync committee period of an epoch."""
        return epoch // self.epochs_per_sync_committee_period


class _Spec(msgspec.Struct, rename=str.upper):
    slots_per_epoch: DecimalUint
    slot_duration_ms: DecimalUint | None = None
    seconds_per_slot: DecimalUint | None = None
    epochs_per_sync_committee_period: DecimalUint = DecimalUint(256)
    epochs_per_slashings_vector: DecimalUint = DecimalUint(8192)
    min_validator_withdrawability_delay: DecimalUint = DecimalUint(256)
    altair_fork_epoch: DecimalUint | None = None
    bellatrix_fork_epoch: DecimalUint | None = None
    electra_fork_epoch: DecimalUint | None = None
    gloas_fork_epoch: DecimalUint | None = None
    min_slashing_penalty_quotient: DecimalUint = DecimalUint(128)
    min_slashing_penalty_quotient_altair: DecimalUint = DecimalUint(64)
    min_slashing_penalty_quotient_bellatrix: DecimalUint = DecimalUint(32)
    min_slashing_penalty_quotient_electra: DecimalUint = DecimalUint(4096)


_answer = shape(Data[_Spec])


def spec(payload: ProviderResponse) -> Spec:
    """The constants of the network; mainnet's where an old node leaves one out. Raises PayloadError."""
    found = _answer.read(payload).data
    return Spec(
        slots_per_epoch=found.slots_per_epoch,
        seconds_per_slot=_seconds_per_slot(payload, found),
        epochs_per_sync_committee_period=found.epochs_per_sync_committee_period,
        epochs_per_slashings_vector=found.epochs_per_slashings_vector,
        withdrawability_delay_epochs=found.min_validator_withdrawability_delay,
        altair_epoch=_fork(found.altair_fork_epoch),
        bellatrix_epoch=_fork(found.bellatrix_fork_epoch),
        electra_epoch=_fork(found.electra_fork_epoch),
        gloas_epoch=_fork(found.gloas_fork_epoch),
        slashing_quotients=(
            found.min_slashing_penalty_quotient,
            found.min_slashing_penalty_quotient_altair,
            found.min_slashing_penalty_quotient_bellatrix,
            found.min_slashing_penalty_quotient_electra,
        ),
    )


def _seconds_per_slot(payload: ProviderResponse, found: _Spec) -> int:
    if found.slot_duration_ms is not None:
        seconds, rest = divmod(found.slot_duration_ms, _MILLISECONDS)
        if rest or not seconds:
            raise unexpected(payload, f"slots of {found.slot_duration_ms} ms are no whole seconds")
        return seconds
    if not found.seconds_per_slot:
        raise unexpected(payload, "neither SLOT_DURATION_MS nor SECONDS_PER_SLOT is there")
    return found.seconds_per_slot


def _fork(epoch: int | None) -> int | None:
    return None if epoch is None else epoch_or_none(epoch)
