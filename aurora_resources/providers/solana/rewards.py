"""Consensus rewards of an epoch: fetched account by account or from the paying blocks, and the records.

The first produced block of the next epoch pays the validators (Voting rows) and says in how many of the
blocks after it the stakers are paid (Staking rows); without such a number, from before rewards were
partitioned, it pays the stakers too. Reading all of them gives every staker of every validator, and proves
that an account without a row was paid nothing. A validator's commission is its Voting row and nothing else;
no rate is ever applied. The stakers come from `stakes.py`. Amounts are lamports.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aurora_resources.config.chain_rules import SolanaRules
from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.json_rpc import rpc_params
from aurora_resources.providers.solana import rpc
from aurora_resources.providers.solana.findings import (
    COMMISSION_DOUBTED,
    NETWORK_REWARDS,
    REWARDS_MISSING,
    REWARDS_UNATTRIBUTED,
    coins,
)
from aurora_resources.providers.solana.mev import TipResponses, divide_tips, tips_state
from aurora_resources.providers.solana.periods import Boundaries, fetch_paying_slots
from aurora_resources.providers.solana.rpc import MAX_ADDRESSES, BlockRewards, SolanaRpc
from aurora_resources.providers.solana.stakes import Snapshot, Sources, Stakers, join_stakers
from aurora_resources.providers.staged import Answers
from aurora_resources.records import (
    FactState,
    Fetcher,
    Finding,
    Normalized,
    StakeReward,
    TrackedValidator,
    ValidatorRewards,
)

ACCOUNT_CHUNKS_AT_MOST: Final = 64
"""Above so many getInflationReward calls the paying blocks are read instead: some 300 on mainnet."""


@dataclass(frozen=True, slots=True)
class Payout:
    """Rewards paid for one epoch, in lamports by account.

    `complete`: every account of the network is in it, so one that is not was paid nothing. Otherwise only
    accounts asked for are in it, zeros included. `voting` are validators, `staking` stake accounts.
    """

    voting: Mapping[str, int]
    staking: Mapping[str, int]
    complete: bool
    findings: tuple[Finding, ...] = ()

    def commission(self, vote_account: str) -> int | None:
        """What the validator took; None when unknown."""
        return self.voting.get(vote_account, 0 if self.complete else None)


async def fetch_accounts(fetcher: Fetcher, node: SolanaRpc, epoch: int, accounts: Sequence[str]) -> None:
    """Ask for the rewards of `accounts`. Raises ProviderError, NotYetAvailable while the payout runs."""
    chunks = [accounts[at : at + MAX_ADDRESSES] for at in range(0, len(accounts), MAX_ADDRESSES)]
    await fetch_all(fetcher, [node.inflation_rewards(chunk, epoch) for chunk in chunks])


async def fetch_paying_blocks(fetcher: Fetcher, node: SolanaRpc, limits: Boundaries) -> None:
    """Read all blocks that paid the epoch of `limits`. Raises as `fetch_paying_slots` does."""
    slots = await fetch_paying_slots(fetcher, node, limits)
    await fetch_all(fetcher, [node.block_rewards(slot) for slot in slots])


def payout(found: Answers, limits: Boundaries, epoch: int) -> Payout:
    """What is staged about the payout: from the paying blocks if all are there. Raises PayloadError."""
    whole = _from_blocks(found, limits, epoch)
    if whole is not None:
        return whole
    amounts: dict[str, int] = {}
    for response in found.every("getInflationReward"):
        amounts.update(rpc.inflation_rewards(response, epoch))
    return Payout(amounts, amounts, complete=False)


def _from_blocks(found: Answers, limits: Boundaries, epoch: int) -> Payout | None:
    blocks = {rpc_params(response.request)[0]: response for response in found.every("getBlock")}
    if limits.next_produced not in blocks:
        return None
    boundary = rpc.block_rewards(blocks[limits.next_produced])
    paying = [boundary]
    if count := boundary.num_reward_partitions:
        slots = _paying_slots(found, limits.next_produced + 1, count)
        if slots is None or any(slot not in blocks for slot in slots):
            return None
        paying += [rpc.block_rewards(blocks[slot]) for slot in slots]
    voting = _by_account([boundary], rpc.VOTING)
    staking = _by_account(paying, rpc.STAKING)
    return Payout(
        voting, staking, complete=True, findings=(_network(found.provider, epoch, voting, staking),)
    )


def _paying_slots(found: Answers, start: int, count: int) -> tuple[int, ...] | None:
    for response in found.every("getBlocksWithLimit"):
        if list(rpc_params(response.request)[:2]) == [start, count]:
            slots = rpc.slots(response)
            return slots if len(slots) == count else None
    return None


def _by_account(blocks: Iterable[BlockRewards], kind: str) -> dict[str, int]:
    amounts: dict[str, int] = {}
    spellings = {kind, kind.capitalize()}
    for block in blocks:
        for row in block.rewards:
            if row.reward_type in spellings:
                amounts[row.pubkey] = amounts.get(row.pubkey, 0) + row.lamports
    return amounts


def needs_blocks(accounts: int) -> bool:
    """Whether reading the paying blocks is cheaper than asking for so many accounts."""
    return accounts > ACCOUNT_CHUNKS_AT_MOST * MAX_ADDRESSES


def _network(provider: str, epoch: int, voting: Mapping[str, int], staking: Mapping[str, int]) -> Finding:
    paid, earned = sum(voting.values()), sum(staking.values())
    return Finding(
        NETWORK_REWARDS,
        f"{provider}: for epoch {epoch} the network paid {coins(paid)} to {len(voting)} validators and "
        f"{coins(earned)} to {len(staking)} stake accounts, {coins(paid + earned)} in all",
    )


def normalize_rewards(
    provider: str,
    epoch: int,
    running_epoch: int,
    validators: Sequence[TrackedValidator],
    paid: Payout,
    published: TipResponses | None,
    taken: Snapshot | None,
    rules: SolanaRules,
    announced: Mapping[str, int | None],
    *,
    of_all: bool,
) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
    """One record a validator and one a stake account, in lamports.

    `announced` is each vote account's commission of now, in basis points: a hint that never makes an amount,
    but doubts a missing one. `of_all`: every validator is tracked, so a reward without a known staker
    is worth a finding.
    """
    records: list[ValidatorRewards] = []
    findings = list(paid.findings)
    rows: list[StakeReward] = []
    for validator in validators:
        key = validator.validator_key
        sources = _sources(validator, epoch, paid, published, taken, rules)
        stakers = join_stakers(sources)
        record = _record(provider, key, sources, stakers, tips_state(epoch, running_epoch))
        listed_bps = announced.get(key)
        if record.commission == 0 and record.delegators_share and (listed_bps or key not in announced):
            findings.append(_doubted(provider, epoch, key, listed_bps))
            # An announcement speaks against the zero; a validator that is gone by now only cannot confirm it.
            if listed_bps:
                record = replace(record, state=FactState.PROVISIONAL)
        records.append(record)
        rows += stakers.rows
        findings += stakers.findings
        if sources.commission is None:
            findings.append(Finding(REWARDS_MISSING, f"{provider}: not asked about epoch {epoch}", key))
    if of_all and paid.complete:
        findings += _unattributed(provider, epoch, paid, rows)
    return Normalized(tuple(records), tuple(findings)), tuple(rows)


def _sources(
    validator: TrackedValidator,
    epoch: int,
    paid: Payout,
    published: TipResponses | None,
    taken: Snapshot | None,
    rules: SolanaRules,
) -> Sources:
    key = validator.validator_key
    tips = None if published is None else published.tips.get(key)
    operator_tips = 0 if validator.mev_declared_none else None
    if tips is not None:
        operator_tips = divide_tips(tips.mev_revenue, tips.mev_commission, epoch, rules).operator_share
    return Sources(
        validator=validator,
        epoch=epoch,
        claims=() if published is None else published.stakers(key),
        snapshot=None if taken is None else taken.of(key),
        rewards=paid.staking,
        rewards_complete=paid.complete,
        commission=paid.commission(key),
        operator_tips=operator_tips,
        jito_stake=None if published is None else published.active_stake(key),
    )


def _record(
    provider: str, key: str, sources: Sources, stakers: Stakers, jito_state: FactState
) -> ValidatorRewards:
    state = stakers.state
    if state is FactState.FINAL and sources.claims:
        state = jito_state
    return ValidatorRewards(
        key,
        provider,
        FactState.MISSING if sources.commission is None else FactState.FINAL,
        sources.commission,
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
    attributed = {row.stake_account for row in rows}
    lost = [amount for account, amount in paid.staking.items() if account not in attributed]
    if not lost:
        return ()
    message = (
        f"{provider}: {len(lost)} of {len(paid.staking)} rewarded stake accounts of epoch {epoch}, with "
        f"{coins(sum(lost))}, belong to no known staker"
    )
    return (Finding(REWARDS_UNATTRIBUTED, message),)
