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
from aurora_resources.providers.ethereum.execution_income import Income, execution_responses, fees_of, mev_of
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


def sync_stretches(evidence: Evidence) -> Iterator[SyncStretch]:
    """The sync committees whose time touches the window, in order."""
    constants, window = evidence.constants, evidence.window
    first = window.first_epoch
    while first <= window.last_epoch:
        after = (constants.sync_period(first) + 1) * constants.epochs_per_sync_committee_period
        last = min(after - 1, window.last_epoch)
        yield SyncStretch(first, range(constants.first_slot(first), constants.first_slot(last + 1)))
        first = last + 1


def correlated(evidence: Evidence) -> Iterator[tuple[str, ValidatorState, int]]:
    """Slashed validators whose correlation penalty falls into the window: key, state, the epoch it is due."""
    for key, state in evidence.states.items():
        epoch = correlation_epoch(state, evidence.constants)
        if epoch is not None and epoch in evidence.window.epochs:
            yield key, state, epoch


async def fetch_rewards(fetcher: Fetcher, node: Beacon, evidence: Evidence) -> None:
    """Ask for everything the consensus layer rewarded or took in the window. Raises ProviderError."""
    await fetch_all(fetcher, _attestations(node, evidence))
    await fetch_all(
        fetcher,
        [node.block_rewards(found.header.root) for found in evidence.proposals if found.header is not None],
    )
    for stretch in sync_stretches(evidence):
        committee = await fetcher.fetch(node.sync_committee(stretch.slots.start, stretch.epoch))
        members = sorted(set(beacon.sync_committee(committee)) & set(evidence.keys))
        if members:
            await fetch_sync_rewards(fetcher, node, stretch.slots, members)
    for key, state, epoch in correlated(evidence):
        for slot in correlation_slots(epoch, evidence.constants):
            await fetch_all(fetcher, node.validators(slot, [key]))
        if epoch - 1 not in evidence.window.epochs:
            await fetch_all(fetcher, node.attestation_rewards(epoch - 1, [state.index]))


def _attestations(node: Beacon, evidence: Evidence) -> Iterator[ProviderRequest]:
    for epoch in evidence.window.epochs:
        if ids := sorted(state.index for state in evidence.states.values() if state.on_duty(epoch)):
            yield from node.attestation_rewards(epoch, ids)


class RewardResponses:
    """One node's answers about the rewards of one window. Every reading may raise PayloadError."""

    def __init__(self, evidence: Evidence, provider: str) -> None:
        self._evidence = evidence
        self._found: Answers = answers(evidence.staged, Feed.REWARDS, provider)

    def income(self, key: str, state: ValidatorState) -> ConsensusIncome:
        """What a validator earned and lost; whatever is missing is listed."""
        evidence = self._evidence
        slots = [found.slot for found in evidence.proposals_of(key) if found.header is not None]
        unknown = [
            found.slot for found in evidence.proposals_of(key) if found.header is None and not found.is_empty
        ]
        proposals = proposal_total(self._proposals, state.index, slots)
        return ConsensusIncome(
            attestations=attestation_total(self._attestations, state, evidence.window.epochs),
            proposals=Summed(proposals.gwei, (*proposals.missing, *unknown, *evidence.unknown_duties)),
            sync=self._sync(state.index),
            slashing=self._slashing(key, state),
        )

    def _sync(self, index: int) -> Summed:
        total, missing = 0, list[int]()
        for stretch in sync_stretches(self._evidence):
            members = self._committees.get(stretch.epoch)
            if members is None:
                missing.append(stretch.slots.start)
            elif index in members:
                part = sync_total(self._sync_rewards, index, stretch.slots, self._slots.is_empty)
                total += part.gwei
                missing += part.missing
        return Summed(total, tuple(missing))

    def _slashing(self, key: str, state: ValidatorState) -> Summed:
        """Zero or negative; `missing` is the epoch of a penalty that cannot be determined."""
        if not state.slashed:
            return Summed(0)
        evidence, taken, missing = self._evidence, 0, list[int]()
        epoch = slashed_in_epoch(state, evidence.constants)
        if epoch is None:
            before = (evidence.at_start or {}).get(key)
            if before is None or not before.slashed:
                missing.append(evidence.window.last_epoch)
        elif epoch in evidence.window.epochs:
            effective = effective_gwei(evidence.states_by_epoch, key, epoch)
            if effective is None:
                missing.append(epoch)
            else:
                taken += initial_penalty_gwei(effective, epoch, evidence.constants)
        for due_of, _, due in correlated(evidence):
            if due_of == key:
                penalty = self._correlation(key, state.index, due)
                if penalty is None:
                    missing.append(due)
                else:
                    taken += penalty
        return Summed(-taken, tuple(missing))

    def _correlation(self, key: str, index: int, epoch: int) -> int | None:
        slots = correlation_slots(epoch, self._evidence.constants)
        before, after = (self._balances.get((slot, key)) for slot in slots)
        credited = self._attestations.get(epoch - 1, {}).get(index)
        if before is None or after is None or credited is None:
            return None
        of_block = self._sync_rewards.get(slots[1], {}).get(index, 0)
        return correlation_penalty_gwei(before, after, credited=credited + of_block)

    @cached_property
    def _attestations(self) -> Mapping[int, Mapping[int, int]]:
        found: dict[int, dict[int, int]] = {}
        for response in self._found.every(ATTESTATION_REWARDS):
            found.setdefault(int(_last(response)), {}).update(beacon.attestation_rewards(response))
        return found

    @cached_property
    def _proposals(self) -> Mapping[int, BlockRewards]:
        by_root = {
            _last(response): beacon.block_rewards(response) for response in self._found.every(BLOCK_REWARDS)
        }
        return {
            proposal.slot: by_root[proposal.header.root]
            for proposal in self._evidence.proposals
            if proposal.header is not None and proposal.header.root in by_root
        }

    @cached_property
    def _committees(self) -> Mapping[int, frozenset[int]]:
        return {
            int(query_value(response.request, "epoch") or -1): frozenset(beacon.sync_committee(response))
            for response in self._found.every(SYNC_COMMITTEE)
        }

    @cached_property
    def _sync_rewards(self) -> Mapping[int, Mapping[int, int]]:
        found: dict[int, dict[int, int]] = {}
        for response in self._found.every(SYNC_REWARDS):
            found.setdefault(int(_last(response)), {}).update(beacon.sync_rewards(response))
        return found

    @cached_property
    def _slots(self) -> SlotFacts:
        return SlotFacts(self._found.every(HEADER))

    @cached_property
    def _balances(self) -> Mapping[tuple[int, str], int]:
        return dict(self._read_balances())

    def _read_balances(self) -> Iterator[tuple[tuple[int, str], int]]:
        for response in self._found.every(VALIDATORS):
            slot = int(response.request.path.split("/")[5])
            for row in beacon.validators(response):
                yield (slot, row.pubkey), row.balance_gwei


def _last(response: ProviderResponse) -> str:
    """The last part of the path: the epoch, slot or root that was asked about."""
    return response.request.path.rpartition("/")[2]


def normalize_rewards(
    evidence: Evidence, provider: str, validators: Sequence[TrackedValidator]
) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
    """One record a validator, as `provider` tells it, and one for its stake. Raises PayloadError."""
    responses, all_responses = RewardResponses(evidence, provider), execution_responses(evidence)
    fees, mev = fees_of(evidence, validators, all_responses), mev_of(evidence, validators, all_responses)
    records: list[ValidatorRewards] = []
    rows: list[StakeReward] = []
    findings: list[Finding] = []
    for validator in validators:
        key = validator.validator_key
        state = evidence.states.get(key)
        if state is None:
            findings.append(_absent(evidence, provider, key))
            records.append(_record(key, provider, None))
            continue
        summary = _summarize(evidence, validator, state, responses.income(key, state), fees[key], mev[key])
        findings += _describe(provider, summary)
        records.append(_record(key, provider, summary))
        rows.append(_stake(summary))
    return Normalized(tuple(records), tuple(findings)), tuple(rows)


@dataclass(frozen=True, slots=True)
class _RewardSummary:
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


def _summarize(
    evidence: Evidence,
    validator: TrackedValidator,
    state: ValidatorState,
    income: ConsensusIncome,
    fees: Income,
    mev: Income,
) -> _RewardSummary:
    owner = ownership(evidence.rules, validator, state.withdrawal_address, evidence.window.period_id)
    total = income.wei if income.is_whole else None
    parts = (fees.amount, mev.amount)
    execution = None if None in parts else sum(part for part in parts if part is not None)
    commission = None if total is None else owner.service_fee(total, execution)
    counted = owner.counts_execution
    certain = not counted or FactState.PROVISIONAL not in (fees.state, mev.state)
    stake = active_stake(evidence.states_by_epoch, validator.validator_key, evidence.window)
    return _RewardSummary(
        validator.validator_key, state, income, owner, total, commission, stake, fees, mev, certain
    )


def _record(key: str, provider: str, summary: _RewardSummary | None) -> ValidatorRewards:
    if summary is None or summary.commission is None or summary.total is None:
        stake = None if summary is None else summary.stake
        return ValidatorRewards(
            key, provider, FactState.MISSING, None, None, None, stake, FactState.MISSING, 0
        )
    state = FactState.FINAL if summary.certain else FactState.PROVISIONAL
    return ValidatorRewards(
        key,
        provider,
        state,
        commission=summary.commission,
        delegators_share=summary.delegators_share,
        own_rewards=summary.total if summary.owner.is_own else 0,
        active_stake=summary.stake,
        stakers_state=FactState.FINAL if summary.stake is not None else FactState.MISSING,
        staker_count=1,
    )


def _stake(summary: _RewardSummary) -> StakeReward:
    """The one stake of a validator, with the MEV of its blocks: observed from this very stake."""
    shares = summary.mev.shares
    return StakeReward(
        summary.key,
        summary.key,
        staker=summary.owner.group.client if summary.owner.group is not None else None,
        withdrawer=summary.state.withdrawal_address,
        active_stake=summary.stake,
        stake_basis=StakeBasis.UNKNOWN if summary.stake is None else StakeBasis.SNAPSHOT,
        reward=summary.delegators_share,
        commission=summary.commission,
        tips=None if shares is None else shares[1],
        tips_commission=None if shares is None else shares[0],
    )


def _absent(evidence: Evidence, provider: str, key: str) -> Finding:
    if evidence.at_end is None:
        problem = "the state at the window's end is not staged; ask for stakes again"
        return Finding(REWARDS_MISSING, f"{provider}: {problem}", key)
    return evidence.absence(key)


def _describe(provider: str, summary: _RewardSummary) -> Iterator[Finding]:
    key, income = summary.key, summary.income
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
            f"{provider}: it is slashed; the penalty of epoch {income.slashing.missing[0]} is unknown",
            key,
        )
    if income.slashing.gwei:
        taken = wei(gwei_to_wei(-income.slashing.gwei))
        yield Finding(SLASHED, f"slashing took {taken} in this window, beside its missed votes", key)
    if summary.owner.finding is not None:
        yield summary.owner.finding
    elif summary.total is not None and summary.commission is None:
        yield Finding(
            EXECUTION_UNKNOWN,
            "its client's fee is a part of what its blocks earned, and that is not known; see fees and MEV",
            key,
        )
    if summary.stake is None:
        yield Finding(STAKE_UNKNOWN, "its effective balance is not known for the whole window", key)
