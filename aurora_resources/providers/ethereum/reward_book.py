"""What one node answered about consensus rewards of a window, and what each validator earned and lost by it.

Pure. Sums are in `consensus.py`, penalties in `slashing.py`; here answers are found and put together.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property

from aurora_resources.providers.ethereum import beacon_answers, reward_answers
from aurora_resources.providers.ethereum.beacon import (
    ATTESTATION_REWARDS,
    BLOCK_REWARDS,
    HEADER,
    SYNC_COMMITTEE,
    SYNC_REWARDS,
    VALIDATORS,
)
from aurora_resources.providers.ethereum.beacon_answers import ValidatorState
from aurora_resources.providers.ethereum.consensus import (
    ConsensusIncome,
    Summed,
    attestation_total,
    proposal_total,
    sync_total,
)
from aurora_resources.providers.ethereum.evidence import Evidence
from aurora_resources.providers.ethereum.reward_answers import BlockRewards
from aurora_resources.providers.ethereum.reward_questions import correlated, sync_stretches
from aurora_resources.providers.ethereum.slashing import (
    correlation_penalty_gwei,
    correlation_slots,
    initial_penalty_gwei,
    slashed_in_epoch,
)
from aurora_resources.providers.ethereum.slots import SlotFacts
from aurora_resources.providers.ethereum.weights import effective_gwei
from aurora_resources.providers.staged import Answers, answers, query_value
from aurora_resources.records import Feed, ProviderResponse


class RewardResponses:
    """One node's answers about the rewards of one window. Every reading may raise PayloadError."""

    def __init__(self, known: Evidence, provider: str) -> None:
        self._known = known
        self._found: Answers = answers(known.staged, Feed.REWARDS, provider)

    def income(self, key: str, state: ValidatorState) -> ConsensusIncome:
        """What a validator earned and lost; whatever is missing is listed."""
        known = self._known
        slots = [found.slot for found in known.proposals_of(key) if found.header is not None]
        unknown = [
            found.slot for found in known.proposals_of(key) if found.header is None and not found.is_empty
        ]
        proposals = proposal_total(self._proposals, state.index, slots)
        return ConsensusIncome(
            attestations=attestation_total(self._attestations, state, known.window.epochs),
            proposals=Summed(proposals.gwei, (*proposals.missing, *unknown, *known.unknown_duties)),
            sync=self._sync(state.index),
            slashing=self._slashing(key, state),
        )

    def _sync(self, index: int) -> Summed:
        total, missing = 0, list[int]()
        for stretch in sync_stretches(self._known):
            members = self._committees.get(stretch.epoch)
            if members is None:
                missing.append(stretch.slots.start)
            elif index in members:
                part = sync_total(self._sync_rewards, index, stretch.slots, self._slots.is_empty)
                total += part.gwei
                missing += part.missing
        return Summed(total, tuple(missing))

    def _slashing(self, key: str, state: ValidatorState) -> Summed:
        """Zero or negative; `missing` is the epoch of a penalty that cannot be told."""
        if not state.slashed:
            return Summed(0)
        known, taken, missing = self._known, 0, list[int]()
        epoch = slashed_in_epoch(state, known.constants)
        if epoch is None:
            before = (known.at_start or {}).get(key)
            if before is None or not before.slashed:
                missing.append(known.window.last_epoch)
        elif epoch in known.window.epochs:
            effective = effective_gwei(known.states_by_epoch, key, epoch)
            if effective is None:
                missing.append(epoch)
            else:
                taken += initial_penalty_gwei(effective, epoch, known.constants)
        for due_of, _, due in correlated(known):
            if due_of == key:
                penalty = self._correlation(key, state.index, due)
                if penalty is None:
                    missing.append(due)
                else:
                    taken += penalty
        return Summed(-taken, tuple(missing))

    def _correlation(self, key: str, index: int, epoch: int) -> int | None:
        slots = correlation_slots(epoch, self._known.constants)
        before, after = (self._balances.get((slot, key)) for slot in slots)
        credited = self._attestations.get(epoch - 1, {}).get(index)
        if before is None or after is None or credited is None:
            return None
        of_block = self._sync_rewards.get(slots[1], {}).get(index, 0)
        return correlation_penalty_gwei(before, after, credited=credited + of_block)

    @cached_property
    def _attestations(self) -> Mapping[int, Mapping[int, int]]:
        found: dict[int, dict[int, int]] = {}
        for payload in self._found.every(ATTESTATION_REWARDS):
            found.setdefault(int(_last(payload)), {}).update(reward_answers.attestation_rewards(payload))
        return found

    @cached_property
    def _proposals(self) -> Mapping[int, BlockRewards]:
        by_root = {
            _last(payload): reward_answers.block_rewards(payload)
            for payload in self._found.every(BLOCK_REWARDS)
        }
        return {
            proposal.slot: by_root[proposal.header.root]
            for proposal in self._known.proposals
            if proposal.header is not None and proposal.header.root in by_root
        }

    @cached_property
    def _committees(self) -> Mapping[int, frozenset[int]]:
        return {
            int(query_value(payload.question, "epoch") or -1): frozenset(
                beacon_answers.sync_committee(payload)
            )
            for payload in self._found.every(SYNC_COMMITTEE)
        }

    @cached_property
    def _sync_rewards(self) -> Mapping[int, Mapping[int, int]]:
        found: dict[int, dict[int, int]] = {}
        for payload in self._found.every(SYNC_REWARDS):
            found.setdefault(int(_last(payload)), {}).update(reward_answers.sync_rewards(payload))
        return found

    @cached_property
    def _slots(self) -> SlotFacts:
        return SlotFacts(self._found.every(HEADER))

    @cached_property
    def _balances(self) -> Mapping[tuple[int, str], int]:
        return dict(self._read_balances())

    def _read_balances(self) -> Iterator[tuple[tuple[int, str], int]]:
        for payload in self._found.every(VALIDATORS):
            slot = int(payload.question.path.split("/")[5])
            for row in beacon_answers.validators(payload):
                yield (slot, row.pubkey), row.balance_gwei


def _last(payload: ProviderResponse) -> str:
    """The last part of the path: the epoch, slot or root that was asked about."""
    return payload.question.path.rpartition("/")[2]
