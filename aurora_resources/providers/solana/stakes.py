"""Who staked with a validator in an epoch, with how much, and what each stake account was paid.

A join of three sources: Jito's claims (staker and tips), our snapshot of stake accounts taken in the next
epoch (staker and stake), and the reward rows (amounts). The withdrawer of an account owns its money. A node
only knows stake accounts as of now, so a snapshot counts if the next epoch was running before and after it,
and if the payout was complete, because rewards are added to the stake when they are paid. Amounts are
lamports.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aurora_resources.errors import HistoryUnavailable, NotYetAvailable
from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.json_rpc import rpc_params
from aurora_resources.providers.solana import rpc
from aurora_resources.providers.solana.findings import STAKERS_UNKNOWN, coins
from aurora_resources.providers.solana.jito import StakerTips
from aurora_resources.providers.solana.periods import Boundaries, fetch_paying_slots
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.solana.stake_accounts import StakeAccount, stake_accounts
from aurora_resources.providers.staged import first_with
from aurora_resources.records import (
    FactState,
    Feed,
    Fetcher,
    Finding,
    ProviderResponse,
    Staged,
    StakeBasis,
    StakeReward,
    TrackedValidator,
)
from aurora_resources.units import split_exactly

_BEFORE, _AFTER = 1, 2


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Delegated stake accounts by validator and address."""

    by_validator: Mapping[str, Mapping[str, StakeAccount]]

    def of(self, vote_account: str) -> Mapping[str, StakeAccount] | None:
        """The accounts of one validator, None when it was not asked for."""
        return self.by_validator.get(vote_account)


async def fetch_snapshot(
    fetcher: Fetcher,
    node: SolanaRpc,
    epoch: int,
    limits: Boundaries,
    validators: Sequence[TrackedValidator],
) -> None:
    """Take the snapshot for `epoch`, validator by validator: the whole network's is too large an answer.

    Raises NotYetAvailable before the payout of `epoch` is complete, HistoryUnavailable once epoch + 1 has
    ended: stake accounts of the past cannot be asked for. Raises ProviderError.
    """
    if not validators:
        return
    _check_running(await fetcher.fetch(node.epoch_info(_BEFORE)), epoch)
    await fetch_paying_slots(fetcher, node, limits)
    await fetch_all(fetcher, [node.stake_accounts(validator.validator_key) for validator in validators])
    _check_running(await fetcher.fetch(node.epoch_info(_AFTER)), epoch)


def snapshot(staged: Staged, providers: Sequence[str], epoch: int) -> Snapshot | None:
    """The snapshot that is staged for `epoch`, None without a proven one. Raises PayloadError."""
    found = first_with(staged, Feed.STAKES, providers, "getProgramAccounts")
    if found is None:
        return None
    running = {
        response.request.digest(): rpc.epoch_info(response).epoch for response in found.every("getEpochInfo")
    }
    if len(running) < _AFTER or set(running.values()) != {epoch + 1}:
        return None
    by_validator: dict[str, dict[str, StakeAccount]] = {}
    for response in found.every("getProgramAccounts"):
        by_validator.setdefault(_requested_validator(response), {})
        for account in stake_accounts(response):
            by_validator.setdefault(account.voter, {})[account.account] = account
    return Snapshot(by_validator)


def _requested_validator(response: ProviderResponse) -> str:
    """The vote account of the request's voter filter."""
    options = rpc_params(response.request)[1]
    filters = options.get("filters") if isinstance(options, Mapping) else None
    for entry in filters if isinstance(filters, Sequence) and not isinstance(filters, str) else ():
        compare = entry.get("memcmp") if isinstance(entry, Mapping) else None
        if isinstance(compare, Mapping):
            return str(compare.get("bytes"))
    raise unexpected(response, "the request has no voter filter")


def _check_running(response: ProviderResponse, epoch: int) -> None:
    running = rpc.epoch_info(response).epoch
    if running == epoch + 1:
        return
    kind, problem = (
        (NotYetAvailable, "that epoch has not begun; ask again later")
        if running <= epoch
        else (HistoryUnavailable, "stake accounts of the past cannot be asked for; Jito's stakers are used")
    )
    raise kind(
        f"the stakes of epoch {epoch} can only be read while epoch {epoch + 1} runs, and epoch {running} "
        f"runs now: {problem}",
        provider=response.request.provider,
        endpoint=response.request.endpoint,
    )


Amounts = Mapping[str, int]
"""Lamports by stake account."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is known about one validator in one epoch; None is unknown throughout.

    `claims` are the stakers' claims of its tip tree, empty without one. `snapshot` holds the accounts
    delegated to it in the next epoch, by address. `rewards` are what accounts were paid, net; an account
    that is not in it is unknown, or (`rewards_complete`) was paid nothing. `commission` is its Voting row,
    `operator_tips` its own share of the tips, `jito_stake` its active stake as Jito tells it.
    """

    validator: TrackedValidator
    epoch: int
    claims: Sequence[StakerTips]
    snapshot: Mapping[str, StakeAccount] | None
    rewards: Amounts
    rewards_complete: bool
    commission: int | None
    operator_tips: int | None
    jito_stake: int | None


@dataclass(frozen=True, slots=True)
class Stakers:
    """The stakers of one validator; sums are None when not every part is known."""

    rows: tuple[StakeReward, ...]
    state: FactState
    delegators_share: int | None
    own_rewards: int | None
    active_stake: int | None
    findings: tuple[Finding, ...]


class _Member(NamedTuple):
    account: str
    staker: str
    withdrawer: str
    tips: int | None


def active_in(period_id: int, activation: int, deactivation: int) -> bool:
    """Whether stake activated and deactivated in these epochs counted, and earned, in epoch `period_id`.

    Stake warms up through its activation epoch and cools down through its deactivation epoch, so it counts
    after the first and up to the second; activated and deactivated in one epoch it never counted. Stake that
    needs several epochs to warm up, at times of great movements of the network's stake, is not modelled.
    """
    return activation < period_id <= deactivation


def join_stakers(sources: Sources) -> Stakers:
    """Join the sources of one validator."""
    validator = sources.validator
    members = _members(sources)
    if members is None:
        own = 0 if validator.own_wallets == () else None
        problem = "who staked with it is not known: Jito has no claims and no snapshot was taken in time"
        return Stakers((), FactState.MISSING, None, own, sources.jito_stake, (_unknown(sources, problem),))
    absent = 0 if sources.rewards_complete else None
    paid = {member.account: sources.rewards.get(member.account, absent) for member in members}
    paid_known = _all_known(paid)
    tips_known = _all_known({member.account: member.tips for member in members})
    stakes, basis = _active_stakes(sources, members, paid_known, tips_known)
    commission = _split(sources.commission, paid_known, stakes)
    tips_cut = _split(sources.operator_tips, tips_known, stakes)
    rows = tuple(
        [
            StakeReward(
                validator.validator_key,
                member.account,
                member.staker,
                member.withdrawer,
                None if stakes is None else stakes[member.account],
                basis,
                paid[member.account],
                None if commission is None else commission[member.account],
                member.tips,
                None if tips_cut is None else tips_cut[member.account],
            )
            for member in members
        ]
    )
    findings = tuple(_gaps(sources, paid, stakes, commission))
    return Stakers(
        rows,
        FactState.MISSING if paid_known is None or findings else FactState.FINAL,
        None if paid_known is None else sum(paid_known.values()),
        _own_rewards(validator.own_wallets, rows),
        sum(stakes.values()) if stakes is not None else sources.jito_stake,
        findings,
    )


def _members(sources: Sources) -> tuple[_Member, ...] | None:
    """Jito's stakers if its tree has any, else the snapshot's accounts that counted or were paid."""
    if sources.claims:
        return tuple(
            [
                _Member(row.claimant, row.stake_authority, row.withdraw_authority, row.amount)
                for row in sources.claims
            ]
        )
    if sources.snapshot is None:
        return None
    tips = 0 if sources.validator.mev_declared_none else None
    return tuple(
        [
            _Member(held.account, held.staker, held.withdrawer, tips)
            for held in sources.snapshot.values()
            if active_in(sources.epoch, held.activation, held.deactivation)
            or sources.rewards.get(held.account)
        ]
    )


def _active_stakes(
    sources: Sources, members: Sequence[_Member], paid: Amounts | None, tips: Amounts | None
) -> tuple[Amounts | None, StakeBasis]:
    """Stake that counted, by account: from the snapshot, or the validator's split by what was paid.

    With a commission of 100 % no staker is paid a reward; tips are then in proportion to stake as well.
    """
    if paid is not None and (held := _snapshot_stakes(sources, members, paid)) is not None:
        return held, StakeBasis.SNAPSHOT
    shares = _split(sources.jito_stake, paid, None) or _split(sources.jito_stake, tips, None)
    return (None, StakeBasis.UNKNOWN) if shares is None else (shares, StakeBasis.REWARD_SHARE)


def _snapshot_stakes(sources: Sources, members: Iterable[_Member], paid: Amounts) -> Amounts | None:
    """The snapshot's stake less the reward paid since: rewards are added to the delegation when paid."""
    if sources.snapshot is None:
        return None
    stakes: dict[str, int] = {}
    for member in members:
        held = sources.snapshot.get(member.account)
        if held is None:
            return None
        reward = paid[member.account]
        counted = reward > 0 or active_in(sources.epoch, held.activation, held.deactivation)
        stakes[member.account] = stake = held.stake - reward if counted else 0
        if stake < 0:
            return None
    return stakes


def _split(total: int | None, weights: Amounts | None, otherwise: Amounts | None) -> Amounts | None:
    """`total` split exactly by `weights`, or by `otherwise` when those sum to zero; None if by neither."""
    if total is None:
        return None
    for shares in (weights, otherwise):
        if shares is not None and (total == 0 or any(shares.values())):
            return split_exactly(total, shares)
    return None


def _all_known(amounts: Mapping[str, int | None]) -> Amounts | None:
    """The amounts, or None when one of them is unknown."""
    sources = {account: amount for account, amount in amounts.items() if amount is not None}
    return sources if len(sources) == len(amounts) else None


def _own_rewards(wallets: tuple[str, ...] | None, rows: Iterable[StakeReward]) -> int | None:
    """What was paid to accounts withdrawn by `wallets`; None when they, or an amount, are unknown."""
    if wallets is None:
        return None
    own = [row.reward for row in rows if row.withdrawer in wallets]
    paid = [amount for amount in own if amount is not None]
    return sum(paid) if len(paid) == len(own) else None


def _gaps(
    sources: Sources,
    paid: Mapping[str, int | None],
    stakes: Amounts | None,
    commission: Amounts | None,
) -> Iterable[Finding]:
    if unpaid := [account for account, amount in paid.items() if amount is None]:
        problem = f"rewards of {len(unpaid)} of {len(paid)} stake accounts were not asked for"
        yield _unknown(sources, f"{problem}, the first is {unpaid[0]}; ask for the rewards again")
    if stakes is None:
        yield _unknown(
            sources,
            f"active stake of its {len(paid)} stake accounts is not known: no snapshot, no Jito stake",
        )
    if commission is None and sources.commission is not None:
        yield _unknown(
            sources,
            f"its commission of {coins(sources.commission)} cannot be divided: nothing to divide it by",
        )


def _unknown(sources: Sources, problem: str) -> Finding:
    return Finding(STAKERS_UNKNOWN, f"epoch {sources.epoch}: {problem}", sources.validator.validator_key)
