"""Slashing penalties, which no rewards endpoint reports: when they fall due and how much they are, in gwei.

There are two beside the missed attestations until withdrawal. The initial one is taken with the block that
carries the proof, and can be computed. The correlation penalty is taken half a slashings vector before the
validator may withdraw, and depends on everybody slashed around then: it is read off the balance.
"""

from aurora_resources.providers.ethereum.beacon_answers import ValidatorState
from aurora_resources.providers.ethereum.spec import Spec


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
    them: something else moved it, and the penalty cannot be told.
    """
    penalty = before + credited - after
    return penalty if penalty >= 0 else None
