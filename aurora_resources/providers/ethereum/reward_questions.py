"""What a node is asked about consensus rewards: attestations, proposals, sync committees, slashed balances.

What the answers amount to is in `reward_book.py`. A question is only about validators that have a duty, for
a node takes an empty list for everybody.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.ethereum import beacon_answers
from aurora_resources.providers.ethereum.beacon import Beacon
from aurora_resources.providers.ethereum.beacon_answers import ValidatorState
from aurora_resources.providers.ethereum.evidence import Evidence
from aurora_resources.providers.ethereum.slashing import correlation_epoch, correlation_slots
from aurora_resources.providers.ethereum.slots import fetch_sync_rewards
from aurora_resources.records import Fetcher, ProviderRequest


@dataclass(frozen=True, slots=True)
class SyncStretch:
    """The part of a sync committee's time that lies in a window; `slots` ends before `slots.stop`."""

    epoch: int
    slots: range


def sync_stretches(known: Evidence) -> Iterator[SyncStretch]:
    """The sync committees whose time touches the window, in order."""
    constants, window = known.constants, known.window
    first = window.first_epoch
    while first <= window.last_epoch:
        after = (constants.sync_period(first) + 1) * constants.epochs_per_sync_committee_period
        last = min(after - 1, window.last_epoch)
        yield SyncStretch(first, range(constants.first_slot(first), constants.first_slot(last + 1)))
        first = last + 1


def correlated(known: Evidence) -> Iterator[tuple[str, ValidatorState, int]]:
    """Slashed validators whose correlation penalty falls into the window: key, state, the epoch it is due."""
    for key, state in known.states.items():
        epoch = correlation_epoch(state, known.constants)
        if epoch is not None and epoch in known.window.epochs:
            yield key, state, epoch


async def fetch_rewards(fetcher: Fetcher, beacon: Beacon, known: Evidence) -> None:
    """Ask for everything the consensus layer rewarded or took in the window. Raises ProviderError."""
    await fetch_all(fetcher, _attestations(beacon, known))
    await fetch_all(
        fetcher,
        [beacon.block_rewards(found.header.root) for found in known.proposals if found.header is not None],
    )
    for stretch in sync_stretches(known):
        committee = await fetcher.fetch(beacon.sync_committee(stretch.slots.start, stretch.epoch))
        members = sorted(set(beacon_answers.sync_committee(committee)) & set(known.keys))
        if members:
            await fetch_sync_rewards(fetcher, beacon, stretch.slots, members)
    for key, state, epoch in correlated(known):
        for slot in correlation_slots(epoch, known.constants):
            await fetch_all(fetcher, beacon.validators(slot, [key]))
        if epoch - 1 not in known.window.epochs:
            await fetch_all(fetcher, beacon.attestation_rewards(epoch - 1, [state.index]))


def _attestations(beacon: Beacon, known: Evidence) -> Iterator[ProviderRequest]:
    for epoch in known.window.epochs:
        if ids := sorted(state.index for state in known.states.values() if state.on_duty(epoch)):
            yield from beacon.attestation_rewards(epoch, ids)
