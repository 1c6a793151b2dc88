"""The canonical records of consensus rewards: one a validator, one for the stake that owns it.

Own stake earns VOTE_REWARDS. On a client's stake the protocol takes no commission: what the operator earns
is the service fee of the client's terms, and the client gets the rest. Amounts are wei and may be negative.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aurora_resources.providers.ethereum.beacon_answers import ValidatorState
from aurora_resources.providers.ethereum.consensus import ConsensusIncome
from aurora_resources.providers.ethereum.earned_execution import Income, every_book, fees_of, mev_of
from aurora_resources.providers.ethereum.evidence import Evidence
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
from aurora_resources.providers.ethereum.reward_book import RewardResponses
from aurora_resources.providers.ethereum.weights import active_stake
from aurora_resources.records import (
    FactState,
    Finding,
    Normalized,
    StakeBasis,
    StakeReward,
    TrackedValidator,
    ValidatorRewards,
)


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
