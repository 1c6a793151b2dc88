"""Consensus rewards of a window: what a node is asked, what it answered, and the records made of it.

A request is only about validators that have a duty, because a node takes an empty list for all validators.
Own stake earns VOTE_REWARDS. On a client's stake the protocol takes no commission: the operator earns the
service fee of the client's terms, and the client gets the rest. Sums and penalties are in `consensus.py`.
Amounts of records are wei and may be negative.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.ethereum import beacon
from aurora_resources.providers.ethereum.beacon import (
    ATTESTATION_REWARDS,
    BLOCK_REWARDS,
    HEADER,
    SYNC_COMMITTEE,
    SYNC_REWARDS,
    VALIDATORS,
    Beacon,
    BlockRewards,
    ValidatorState,
)
from aurora_resources.providers.ethereum.consensus import (
    ConsensusIncome,
    Summed,
    attestation_total,
    correlation_epoch,
    correlation_penalty_gwei,
    correlation_slots,
    initial_penalty_gwei,
    proposal_total,
    slashed_in_epoch,
    sync_total,
)
from aurora_resources.providers.ethereum.evidence import Evidence
from aurora_resources.providers.ethereum.execution_income import Income, every_book, fees_of, mev_of
from aurora_resources.providers.ethereum.findings import (
    EXECUTION_UNKNOWN,
    REWARDS_MISSING,
    SLASHED,
    SLASHING_UNEXPLAINED,
    STAKE_UNKNOWN,
    wei,
)
from aurora_resources.providers.ethereum.ownership import Ownership, ownership
from aurora_resources.providers.ethereum.quantities import gwei_to_wei
from aurora_resources.providers.ethereum.slots import SlotFacts, fetch_sync_rewards
from aurora_resources.providers.ethereum.weights import active_stake, effective_gwei
from aurora_resources.providers.staged import Answers, answers, query_value
from aurora_resources.records import (
    FactState,
    Feed,
    Fetcher,
    Finding,
    Normalized,
    ProviderRequest,
    ProviderResponse,
    StakeBasis,
    StakeReward,
    TrackedValidator,
    ValidatorRewards,
)


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


async def fetch_rewards(fetcher: Fetcher, node: Beacon, known: Evidence) -> None:
    """Ask for everything the consensus layer rewarded or took in the window. Raises ProviderError."""
    await fetch_all(fetcher, _attestations(node, known))
    await fetch_all(
        fetcher,
        [node.block_rewards(found.header.root) for found in known.proposals if found.header is not None],
    )
    for stretch in sync_stretches(known):
        committee = await fetcher.fetch(node.sync_committee(stretch.slots.start, stretch.epoch))
        members = sorted(set(beacon.sync_committee(committee)) & set(known.keys))
        if members:
            await fetch_sync_rewards(fetcher, node, stretch.slots, members)
    for key, state, epoch in correlated(known):
        for slot in correlation_slots(epoch, known.constants):
            await fetch_all(fetcher, node.validators(slot, [key]))
        if epoch - 1 not in known.window.epochs:
            await fetch_all(fetcher, node.attestation_rewards(epoch - 1, [state.index]))


def _attestations(node: Beacon, known: Evidence) -> Iterator[ProviderRequest]:
    for epoch in known.window.epochs:
        if ids := sorted(state.index for state in known.states.values() if state.on_duty(epoch)):
            yield from node.attestation_rewards(epoch, ids)


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
            found.setdefault(int(_last(payload)), {}).update(beacon.attestation_rewards(payload))
        return found

    @cached_property
    def _proposals(self) -> Mapping[int, BlockRewards]:
        by_root = {
            _last(payload): beacon.block_rewards(payload) for payload in self._found.every(BLOCK_REWARDS)
        }
        return {
            proposal.slot: by_root[proposal.header.root]
            for proposal in self._known.proposals
            if proposal.header is not None and proposal.header.root in by_root
        }

    @cached_property
    def _committees(self) -> Mapping[int, frozenset[int]]:
        return {
            int(query_value(payload.request, "epoch") or -1): frozenset(beacon.sync_committee(payload))
            for payload in self._found.every(SYNC_COMMITTEE)
        }

    @cached_property
    def _sync_rewards(self) -> Mapping[int, Mapping[int, int]]:
        found: dict[int, dict[int, int]] = {}
        for payload in self._found.every(SYNC_REWARDS):
            found.setdefault(int(_last(payload)), {}).update(beacon.sync_rewards(payload))
        return found

    @cached_property
    def _slots(self) -> SlotFacts:
        return SlotFacts(self._found.every(HEADER))

    @cached_property
    def _balances(self) -> Mapping[tuple[int, str], int]:
        return dict(self._read_balances())

    def _read_balances(self) -> Iterator[tuple[tuple[int, str], int]]:
        for payload in self._found.every(VALIDATORS):
            slot = int(payload.request.path.split("/")[5])
            for row in beacon.validators(payload):
                yield (slot, row.pubkey), row.balance_gwei


def _last(payload: ProviderResponse) -> str:
    """The last part of the path: the epoch, slot or root that was asked about."""
    return payload.request.path.rpartition("/")[2]


def normalize_rewards(
    known: Evidence, provider: str, validators: Sequence[TrackedValidator]
) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
    """One record a validator, as `provider` tells it, and one for its stake. Raises PayloadError."""
    book, books = RewardResponses(known, provider), every_book(known)
    fees, mev = fees_of(known, validators, books), mev_of(known, validators, books)
    records: list[ValidatorRewards] = []
    rows: list[StakeReward] = []
    findings: list[Finding] = []
    for validator in validators:
        key = validator.validator_key
        state = known.states.get(key)
        if state is None:
            findings.append(_absent(known, provider, key))
            records.append(_record(key, provider, None))
            continue
        earned = _earn(known, validator, state, book.income(key, state), fees[key], mev[key])
        findings += _told(provider, earned)
        records.append(_record(key, provider, earned))
        rows.append(_stake(earned))
    return Normalized(tuple(records), tuple(findings)), tuple(rows)


@dataclass(frozen=True, slots=True)
class _Earned:
    """A validator's window put together; wei, None where it is not known."""

    key: str
    state: ValidatorState
    income: ConsensusIncome
    owner: Ownership
    total: int | None
    commission: int | None
    stake: int | None
    fees: Income
    mev: Income
    certain: bool

    @property
    def delegators_share(self) -> int | None:
        """What the owner of the stake gets of the consensus rewards, the service fee taken off."""
        return None if self.total is None or self.commission is None else self.total - self.commission


def _earn(
    known: Evidence,
    validator: TrackedValidator,
    state: ValidatorState,
    income: ConsensusIncome,
    fees: Income,
    mev: Income,
) -> _Earned:
    owner = ownership(known.rules, validator, state.withdrawal_address, known.window.period_id)
    total = income.wei if income.is_whole else None
    parts = (fees.amount, mev.amount)
    execution = None if None in parts else sum(part for part in parts if part is not None)
    commission = None if total is None else owner.service_fee(total, execution)
    counted = owner.counts_execution
    certain = not counted or FactState.PROVISIONAL not in (fees.state, mev.state)
    stake = active_stake(known.states_by_epoch, validator.validator_key, known.window)
    return _Earned(
        validator.validator_key, state, income, owner, total, commission, stake, fees, mev, certain
    )


def _record(key: str, provider: str, earned: _Earned | None) -> ValidatorRewards:
    if earned is None or earned.commission is None or earned.total is None:
        stake = None if earned is None else earned.stake
        return ValidatorRewards(
            key, provider, FactState.MISSING, None, None, None, stake, FactState.MISSING, 0
        )
    state = FactState.FINAL if earned.certain else FactState.PROVISIONAL
    return ValidatorRewards(
        key,
        provider,
        state,
        commission=earned.commission,
        delegators_share=earned.delegators_share,
        own_rewards=earned.total if earned.owner.is_own else 0,
        active_stake=earned.stake,
        stakers_state=FactState.FINAL if earned.stake is not None else FactState.MISSING,
        staker_count=1,
    )


def _stake(earned: _Earned) -> StakeReward:
    """The one stake of a validator, with the MEV of its blocks: observed from this very stake."""
    shares = earned.mev.shares
    return StakeReward(
        earned.key,
        earned.key,
        staker=earned.owner.group.client if earned.owner.group is not None else None,
        withdrawer=earned.state.withdrawal_address,
        active_stake=earned.stake,
        stake_basis=StakeBasis.UNKNOWN if earned.stake is None else StakeBasis.SNAPSHOT,
        reward=earned.delegators_share,
        commission=earned.commission,
        tips=None if shares is None else shares[1],
        tips_commission=None if shares is None else shares[0],
    )


def _absent(known: Evidence, provider: str, key: str) -> Finding:
    if known.at_end is None:
        problem = "the state at the window's end is not staged; ask for stakes again"
        return Finding(REWARDS_MISSING, f"{provider}: {problem}", key)
    return known.absence(key)


def _told(provider: str, earned: _Earned) -> Iterator[Finding]:
    key, income = earned.key, earned.income
    for what, part in (
        ("epochs of its attestations", income.attestations),
        ("of its proposals", income.proposals),
        ("slots of its sync committee", income.sync),
    ):
        if part.missing:
            yield Finding(
                REWARDS_MISSING,
                f"{provider}: rewards of {len(part.missing)} {what} are not there, the first is "
                f"{part.missing[0]}; nothing is counted as zero, ask again or ask an archive node",
                key,
            )
    if income.slashing.missing:
        yield Finding(
            SLASHING_UNEXPLAINED,
            f"{provider}: it is slashed; the penalty of epoch {income.slashing.missing[0]} cannot be told",
            key,
        )
    if income.slashing.gwei:
        taken = wei(gwei_to_wei(-income.slashing.gwei))
        yield Finding(SLASHED, f"slashing took {taken} in this window, beside its missed votes", key)
    if earned.owner.finding is not None:
        yield earned.owner.finding
    elif earned.total is not None and earned.commission is None:
        yield Finding(
            EXECUTION_UNKNOWN,
            "its client's fee is a part of what its blocks earned, and that is not known; see fees and MEV",
            key,
        )
    if earned.stake is None:
        yield Finding(STAKE_UNKNOWN, "its effective balance is not known for the whole window", key)
