"""The canonical records of consensus rewards: one a validator, one a stake account.

The money comes from `payouts.py`, the stakers from `stakes.py`. What a validator took is its Voting row and
nothing else; no rate is ever applied to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aurora_resources.config.chain_rules import SolanaRules
from aurora_resources.providers.solana.findings import (
    COMMISSION_DOUBTED,
    REWARDS_MISSING,
    REWARDS_UNATTRIBUTED,
    coins,
)
from aurora_resources.providers.solana.mev import tips_state
from aurora_resources.providers.solana.payouts import Payout
from aurora_resources.providers.solana.snapshots import Snapshot
from aurora_resources.providers.solana.stakes import Sources, StakerBook, staker_book
from aurora_resources.providers.solana.tips import TipResponses, divide_tips
from aurora_resources.records import (
    FactState,
    Finding,
    Normalized,
    StakeReward,
    TrackedValidator,
    ValidatorRewards,
)


def normalize_rewards(
    provider: str,
    epoch: int,
    running_epoch: int,
    validators: Sequence[TrackedValidator],
    paid: Payout,
    book: TipResponses | None,
    taken: Snapshot | None,
    rules: SolanaRules,
    announced: Mapping[str, int | None],
    *,
    of_all: bool,
) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
    """One record a validator and one a stake account, in lamports.

    `announced` is each vote account's commission of now, in basis points: a hint that never makes an amount,
    but doubts a missing one. `of_all`: the books of every validator are kept, so a reward nobody is known for
    is worth a finding.
    """
    records: list[ValidatorRewards] = []
    findings = list(paid.findings)
    rows: list[StakeReward] = []
    for validator in validators:
        key = validator.validator_key
        known = _sources(validator, epoch, paid, book, taken, rules)
        stakers = staker_book(known)
        record = _record(provider, key, known, stakers, tips_state(epoch, running_epoch))
        listed_bps = announced.get(key)
        if record.commission == 0 and record.delegators_share and (listed_bps or key not in announced):
            findings.append(_doubted(provider, epoch, key, listed_bps))
            # An announcement speaks against the zero; a validator that is gone by now only cannot confirm it.
            if listed_bps:
                record = replace(record, state=FactState.PROVISIONAL)
        records.append(record)
        rows += stakers.rows
        findings += stakers.findings
        if known.commission is None:
            findings.append(Finding(REWARDS_MISSING, f"{provider}: not asked about epoch {epoch}", key))
    if of_all and paid.complete:
        findings += _unattributed(provider, epoch, paid, rows)
    return Normalized(tuple(records), tuple(findings)), tuple(rows)


def _sources(
    validator: TrackedValidator,
    epoch: int,
    paid: Payout,
    book: TipResponses | None,
    taken: Snapshot | None,
    rules: SolanaRules,
) -> Sources:
    key = validator.validator_key
    tips = None if book is None else book.tips.get(key)
    operator_tips = 0 if validator.mev_declared_none else None
    if tips is not None:
        operator_tips = divide_tips(tips.mev_revenue, tips.mev_commission, epoch, rules).operator_share
    return Sources(
        validator=validator,
        epoch=epoch,
        claims=() if book is None else book.stakers(key),
        snapshot=None if taken is None else taken.of(key),
        rewards=paid.staking,
        rewards_complete=paid.complete,
        commission=paid.commission(key),
        operator_tips=operator_tips,
        jito_stake=None if book is None else book.active_stake(key),
    )


def _record(
    provider: str, key: str, known: Sources, stakers: StakerBook, jito_state: FactState
) -> ValidatorRewards:
    state = stakers.state
    if state is FactState.FINAL and known.claims:
        state = jito_state
    return ValidatorRewards(
        key,
        provider,
        FactState.MISSING if known.commission is None else FactState.FINAL,
        known.commission,
        stakers.delegators_share,
        stakers.own_rewards,
        stakers.active_stake,
        state,
        len(stakers.rows),
    )


def _doubted(provider: str, epoch: int, key: str, announced_bps: int | None) -> Finding:
    now = "the node does not list it" if announced_bps is None else f"it announces {announced_bps} bps now"
    message = (
        f"{provider}: its stakers were paid for epoch {epoch} and it took nothing, yet {now}; if it had a "
        "commission then, the node leaves out its Voting row"
    )
    return Finding(COMMISSION_DOUBTED, message, key)


def _unattributed(provider: str, epoch: int, paid: Payout, rows: Sequence[StakeReward]) -> Sequence[Finding]:
    known = {row.stake_account for row in rows}
    lost = [amount for account, amount in paid.staking.items() if account not in known]
    if not lost:
        return ()
    message = (
        f"{provider}: {len(lost)} of {len(paid.staking)} rewarded stake accounts of epoch {epoch}, with "
        f"{coins(sum(lost))}, belong to no known staker"
    )
    return (Finding(REWARDS_UNATTRIBUTED, message),)
