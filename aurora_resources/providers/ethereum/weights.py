"""How much stake counted in a window: effective balance by epoch, found from as few states as will do.

Where a validator's effective balance is the same at both ends of a stretch it is taken to be so throughout;
where it is not, the stretch is halved until the epoch of the change is known.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.ethereum.beacon import Beacon, ValidatorState, validators_by_key
from aurora_resources.providers.ethereum.periods import Spec, Window
from aurora_resources.providers.ethereum.quantities import gwei_to_wei
from aurora_resources.records import Fetcher

States = Mapping[str, ValidatorState]


async def fetch_states(
    fetcher: Fetcher, node: Beacon, constants: Spec, window: Window, keys: Sequence[str]
) -> States:
    """Ask for our validators at both ends of the window, and where the effective balance of one changed.

    Gives them as of the end, with those that are gone by then. Raises ProviderError.
    """

    async def at(slot: int, of: Sequence[str]) -> States:
        return validators_by_key(await fetch_all(fetcher, node.validators(slot, of)))

    async def between(first: int, before: States, last: int, after: States) -> None:
        changed = [key for key in keys if _effective(before, key) != _effective(after, key)]
        middle = (first + last) // 2
        if not changed or middle == first:
            return
        found = await at(constants.first_slot(middle), changed)
        await between(first, before, middle, {**before, **found})
        await between(middle, found, last, {key: after[key] for key in changed if key in after})

    # Effective balances change between epochs only: the last slot is as good as the last epoch's first.
    start, end = await at(window.first_slot, keys), await at(window.last_slot, keys)
    await between(window.first_epoch, start, window.last_epoch, end)
    return {**start, **end}


def active_stake(states: Mapping[int, States], key: str, window: Window) -> int | None:
    """The validator's effective balance, averaged over the window's epochs: wei, rounded down.

    `states` are by epoch. Epochs in which it is not active count with nothing. None when its balance in one
    of the others is not known.
    """
    known = [(epoch, states[epoch][key]) for epoch in sorted(states) if key in states[epoch]]
    if not known:
        return None
    epochs = _active_epochs(known[-1][1], window)
    balances = {state.effective_balance_gwei for _, state in known}
    if len(balances) == 1:
        return gwei_to_wei(balances.pop() * len(epochs)) // len(window.epochs)
    total_gwei = 0
    for epoch in epochs:
        gwei = _at(known, epoch)
        if gwei is None:
            return None
        total_gwei += gwei
    return gwei_to_wei(total_gwei) // len(window.epochs)


def _active_epochs(state: ValidatorState, window: Window) -> range:
    """The window's epochs in which the validator is active, as this state knows."""
    if state.activation_epoch is None:
        return range(0)
    first = max(window.first_epoch, state.activation_epoch)
    after = window.last_epoch + 1
    return range(first, after if state.exit_epoch is None else min(after, state.exit_epoch))


def effective_gwei(states: Mapping[int, States], key: str, epoch: int) -> int | None:
    """The validator's effective balance in an epoch, in gwei; None when it is not known."""
    return _at([(known, states[known][key]) for known in sorted(states) if key in states[known]], epoch)


def _at(known: Sequence[tuple[int, ValidatorState]], epoch: int) -> int | None:
    """The effective balance in `epoch`, from those known before and after it."""
    position = bisect_right(known, epoch, key=lambda entry: entry[0])
    if position and known[position - 1][0] == epoch:
        return known[position - 1][1].effective_balance_gwei
    around = {
        known[index][1].effective_balance_gwei
        for index in (position - 1, position)
        if 0 <= index < len(known)
    }
    return around.pop() if len(around) == 1 else None


def _effective(states: States, key: str) -> int | None:
    found = states.get(key)
    return None if found is None else found.effective_balance_gwei
