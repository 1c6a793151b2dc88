"""A validator's consensus income of a window: sums of rewards, and slashing penalties, in gwei.

Attestations count by the epoch of the duty, proposals and sync committees by slot. A reward that was not
answered is unknown: it is listed, and the sum is then not the whole. Conversion to wei is the last step.

No rewards endpoint reports slashing penalties. There are two beside the missed attestations until withdrawal.
The initial one is taken with the block that carries the proof, and can be computed. The correlation penalty
is taken half a slashings vector before the validator may withdraw, and depends on all validators slashed
around then: it is read off the balance.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from aurora_resources.providers.ethereum.beacon import BlockRewards, ValidatorState
from aurora_resources.providers.ethereum.periods import Spec
from aurora_resources.providers.ethereum.quantities import gwei_to_wei

_NO_REWARDS: Final[Mapping[int, int]] = {}


@dataclass(frozen=True, slots=True)
class Summed:
    """A signed sum in gwei. `missing` are the epochs or slots it lacks: with any, it is not the whole."""

    gwei: int
    missing: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class ConsensusIncome:
    """What a validator earned and lost in the consensus layer, by kind; `slashing` is zero or negative."""

    attestations: Summed
    proposals: Summed
    sync: Summed
    slashing: Summed = Summed(0)

    @property
    def is_whole(self) -> bool:
        """Whether no part of any kind is missing."""
        return all(part.is_whole for part in self._parts)

    @property
    def wei(self) -> int:
        """All kinds together, in wei; negative for a window of losses."""
        return gwei_to_wei(sum(part.gwei for part in self._parts))

    @property
    def _parts(self) -> tuple[Summed, ...]:
        return self.attestations, self.proposals, self.sync, self.slashing


def attestation_total(
    by_epoch: Mapping[int, Mapping[int, int]],
    validator: ValidatorState,
    epochs: Iterable[int],
) -> Summed:
    """The attestations of `validator` in `epochs`. `by_epoch` holds gwei, by epoch and index.

    `validator` is its state at the end of the window, which knows its whole life so far. Epochs in which it
    had no duty count nothing, and need no answer.
    """
    total, missing = 0, []
    for epoch in epochs:
        if not validator.on_duty(epoch):
            continue
        gwei = by_epoch.get(epoch, _NO_REWARDS).get(validator.index)
        if gwei is None:
            missing.append(epoch)
        else:
            total += gwei
    return Summed(total, tuple(missing))


def proposal_total(by_slot: Mapping[int, BlockRewards], validator_index: int, slots: Iterable[int]) -> Summed:
    """The proposer's rewards of its canonical blocks at `slots`; an answer about another proposer is none."""
    total, missing = 0, []
    for slot in slots:
        row = by_slot.get(slot)
        if row is None or row.proposer_index != validator_index:
            missing.append(slot)
        else:
            total += row.total_gwei
    return Summed(total, tuple(missing))


def sync_total(
    by_slot: Mapping[int, Mapping[int, int]],
    validator_index: int,
    slots: Iterable[int],
    is_empty: Callable[[int], bool],
) -> Summed:
    """The rewards of a sync committee member at `slots`, all slots of its committee within the window.

    `by_slot` holds gwei by slot and index; `is_empty` says of which slots it is proven that nobody proposed.
    """
    total, missing = 0, []
    for slot in slots:
        gwei = by_slot.get(slot, _NO_REWARDS).get(validator_index)
        if gwei is not None:
            total += gwei
        elif slot in by_slot or not is_empty(slot):
            missing.append(slot)
    return Summed(total, tuple(missing))


def unexplained_gwei(before: int, after: int, *, credited: int, moved_in: int = 0, moved_out: int = 0) -> int:
    """What a balance changed by beyond what is known; zero when the ledger is right.

    `credited` are all rewards and penalties between the two states, signed; `moved_in` deposits and
    consolidations, `moved_out` withdrawals. Attestations of epoch N are credited when epoch N + 1 ends.
    """
    return after - before - credited - moved_in + moved_out


def slashed_in_epoch(validator: ValidatorState, constants: Spec) -> int | None:
    """The epoch of a validator's slashing; None when it is not slashed, or when its state does not tell.

    A slashed validator may withdraw a whole slashings vector later, unless the exit queue holds it longer:
    then only the block that carries the slashing tells.
    """
    if not validator.slashed or validator.withdrawable_epoch is None:
        return None
    queued = (
        validator.exit_epoch is not None
        and validator.exit_epoch + constants.withdrawability_delay_epochs == validator.withdrawable_epoch
    )
    return None if queued else validator.withdrawable_epoch - constants.epochs_per_slashings_vector


def correlation_epoch(validator: ValidatorState, constants: Spec) -> int | None:
    """The epoch at whose end the correlation penalty is taken; None when it is not slashed."""
    if not validator.slashed or validator.withdrawable_epoch is None:
        return None
    return validator.withdrawable_epoch - constants.epochs_per_slashings_vector // 2


def initial_penalty_gwei(effective_balance_gwei: int, epoch: int, constants: Spec) -> int:
    """What a slashing in `epoch` takes at once: the effective balance over the fork's quotient, rounded down.

    The effective balance is that of any state of the epoch, for it changes between epochs only.
    """
    return effective_balance_gwei // constants.slashing_quotient(epoch)


def correlation_slots(epoch: int, constants: Spec) -> tuple[int, int]:
    """The slots whose states are right before and right after the correlation penalty due in `epoch`."""
    after = constants.first_slot(epoch + 1)
    return after - 1, after


def correlation_penalty_gwei(before: int, after: int, *, credited: int) -> int | None:
    """The correlation penalty between the balances of `correlation_slots`, zero or positive.

    `credited` are the rewards and penalties taken between the two (the attestations of the epoch before the
    one it is due in, and what the block at the second slot paid), signed. None when the balance rose beyond
    them: something else moved it, and the penalty cannot be determined.
    """
    penalty = before + credited - after
    return penalty if penalty >= 0 else None
