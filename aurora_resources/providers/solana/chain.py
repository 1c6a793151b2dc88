"""Solana as a chain source: which adapter serves which feed, what is requested, and the records made of it.

A provider is named after its adapter (`jito`), with a suffix where there are several (`rpc-archive`). Feeds
are fetched in the order PERIODS, MEV, STAKES, then FEES, REWARDS and META in any order; `evidence.py` holds
what earlier feeds brought, `fees.py`, `mev.py` and `rewards.py` make the records.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from aurora_resources.config.chain_rules import SolanaRules
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.http.client import Classify
from aurora_resources.providers.chain_source import FeedPolicy, cached_by_provider
from aurora_resources.providers.solana import stakewiz
from aurora_resources.providers.solana.evidence import Evidence
from aurora_resources.providers.solana.fees import (
    Fees,
    NoFees,
    fees_of_blocks,
    fetch_blocks,
    normalize_fees,
    shared_identities,
)
from aurora_resources.providers.solana.jito import Jito
from aurora_resources.providers.solana.mev import fetch_tips, normalize_tips
from aurora_resources.providers.solana.periods import fetch_head, fetch_period, normalize_period
from aurora_resources.providers.solana.rewards import (
    fetch_accounts,
    fetch_paying_blocks,
    needs_blocks,
    normalize_rewards,
    payout,
)
from aurora_resources.providers.solana.rpc import SolanaRpc, classify_rpc
from aurora_resources.providers.solana.solanabeach import SolanaBeach, fees_of_history, fetch_history
from aurora_resources.providers.solana.stakes import fetch_snapshot
from aurora_resources.providers.solana.stakewiz import Stakewiz
from aurora_resources.providers.staged import Answers, answers
from aurora_resources.records import (
    ChainHead,
    Feed,
    Fetcher,
    Normalized,
    Period,
    Staged,
    StakeReward,
    TrackedValidator,
    ValidatorFees,
    ValidatorIdentity,
    ValidatorMeta,
    ValidatorMev,
    ValidatorRewards,
)


class _FeesAdapter(NamedTuple):
    """How fees are fetched for identities, and read by identity from what was fetched."""

    fetch: Callable[[Fetcher, str, Evidence, Iterable[str]], Awaitable[None]]
    read: Callable[[Answers, Evidence, SolanaRules, Iterable[str]], Mapping[str, Fees | NoFees]]


_FEES: Final[Mapping[str, _FeesAdapter]] = {
    "solanabeach": _FeesAdapter(
        lambda fetcher, provider, evidence, identities: fetch_history(
            fetcher, SolanaBeach(provider), evidence.epoch, identities
        ),
        lambda found, evidence, rules, identities: fees_of_history(
            found, evidence.epoch, rules.solanabeach_fee_unit, identities
        ),
    ),
    "rpc": _FeesAdapter(
        lambda fetcher, provider, evidence, identities: fetch_blocks(
            fetcher, SolanaRpc(provider), evidence.limits, identities
        ),
        lambda found, evidence, _rules, identities: fees_of_blocks(found, evidence.limits, identities),
    ),
}
"""The adapters that answer fees; one more is one more entry."""

_ADAPTERS_BY_FEED: Final[Mapping[Feed, tuple[str, ...]]] = {
    Feed.PERIODS: ("rpc",),
    Feed.FEES: tuple(_FEES),
    Feed.MEV: ("jito",),
    Feed.REWARDS: ("rpc",),
    Feed.META: ("stakewiz",),
    Feed.STAKES: ("rpc",),
}
_ADAPTERS: Final = tuple(dict.fromkeys(name for names in _ADAPTERS_BY_FEED.values() for name in names))


def adapter_of(settings: ChainSettings, provider: str, feed: Feed) -> str:
    """The adapter `provider` speaks. Raises ConfigurationError when that cannot answer `feed`."""
    adapter = _named(provider)
    if adapter is None and provider in settings.providers.rpc:
        adapter = "rpc"
    if adapter is None or adapter not in _ADAPTERS_BY_FEED[feed]:
        can = " or ".join(_ADAPTERS_BY_FEED[feed])
        raise ConfigurationError(
            f'chains.yaml: {settings.chain_id}.providers: "{provider}" cannot answer {feed.value}; name a '
            f"provider {can}, or one whose name begins so, like {_ADAPTERS_BY_FEED[feed][0]}-2"
        )
    return adapter


def classifier_of(settings: ChainSettings, provider: str) -> Classify | None:
    """How the client reads answers of status 2xx; None where HTTP says everything."""
    is_rpc = _named(provider) == "rpc" or provider in settings.providers.rpc
    return classify_rpc if is_rpc else None


def _named(provider: str) -> str | None:
    for adapter in _ADAPTERS:
        if provider == adapter or provider.startswith((f"{adapter}-", f"{adapter}_")):
            return adapter
    return None


async def fetch_feed(
    settings: ChainSettings,
    fetcher: Fetcher,
    feed: Feed,
    provider: str,
    epoch: int,
    validators: Sequence[TrackedValidator],
    staged: Staged,
) -> None:
    """Ask `provider` everything `feed` needs. Raises ProviderError, ConfigurationError."""
    adapter = adapter_of(settings, provider, feed)
    evidence = Evidence(settings, epoch, staged)
    match feed:
        case Feed.PERIODS:
            await fetch_period(fetcher, SolanaRpc(provider), epoch)
        case Feed.MEV:
            await fetch_tips(fetcher, Jito(provider), epoch, validators)
        case Feed.STAKES:
            await fetch_snapshot(fetcher, SolanaRpc(provider), epoch, evidence.limits, validators)
        case Feed.FEES:
            identities = evidence.identity_of(validators)
            unshared = set(identities.values()) - set(shared_identities(identities))
            await _FEES[adapter].fetch(fetcher, provider, evidence, unshared)
        case Feed.REWARDS:
            accounts = _accounts(evidence, validators)
            if settings.validators == "all" or needs_blocks(len(accounts)):
                await fetch_paying_blocks(fetcher, SolanaRpc(provider), evidence.limits)
            else:
                await fetch_accounts(fetcher, SolanaRpc(provider), epoch, accounts)
        case Feed.META:
            await fetcher.fetch(Stakewiz(provider).validators())


def _accounts(evidence: Evidence, validators: Sequence[TrackedValidator]) -> list[str]:
    """The vote accounts, then the stake accounts known from Jito's claims and from our snapshot."""
    keys = [validator.validator_key for validator in validators]
    stakes: set[str] = set()
    for key in keys:
        if evidence.tips is not None:
            stakes.update([claim.claimant for claim in evidence.tips.stakers(key)])
        if evidence.snapshot is not None:
            stakes.update(evidence.snapshot.of(key) or ())
    return [*keys, *sorted(stakes.difference(keys))]


_POLICIES: Final[Mapping[Feed, FeedPolicy]] = {
    # The node lists the validators of now, and goes on correcting a fresh epoch.
    Feed.PERIODS: FeedPolicy((), before_final=True, settles_after_periods=2),
    # Stake accounts are known as of now alone: at the end of an epoch means while the next one runs.
    Feed.STAKES: FeedPolicy((Feed.PERIODS,), before_final=True, only_during_next_period=True),
    Feed.META: FeedPolicy((Feed.PERIODS,)),
    Feed.MEV: FeedPolicy((Feed.PERIODS,)),
    Feed.FEES: FeedPolicy((Feed.PERIODS, Feed.MEV)),
    Feed.REWARDS: FeedPolicy((Feed.PERIODS, Feed.MEV, Feed.STAKES)),
}


class SolanaChain:
    """One Solana cluster; a period is an epoch, a validator its vote account, an amount lamports."""

    policies: Mapping[Feed, FeedPolicy] = _POLICIES

    def __init__(self, settings: ChainSettings) -> None:
        """Raises ConfigurationError for rules of another protocol."""
        if not isinstance(settings.rules, SolanaRules):
            raise ConfigurationError(f"{settings.chain_id}: its rules are not those of Solana")
        self._settings = settings
        self._rules = settings.rules

    async def head(self, fetcher: Fetcher) -> ChainHead:
        """Ask the first node which epoch runs. Raises ProviderError."""
        return await fetch_head(fetcher, SolanaRpc(self._settings.providers.rpc[0]))

    async def fetch(
        self,
        fetcher: Fetcher,
        feed: Feed,
        provider: str,
        period_id: int,
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> None:
        """Fetch from `provider` everything `feed` needs. Raises ProviderError, ConfigurationError."""
        await fetch_feed(self._settings, fetcher, feed, provider, period_id, validators, staged)

    def open(self, period_id: int, staged: Staged) -> "SolanaPeriod":
        """A view of the epoch."""
        return SolanaPeriod(self._settings, self._rules, period_id, staged)


class SolanaPeriod:
    """One epoch as its staged responses describe it (`PeriodView`). Every member may raise PayloadError."""

    def __init__(self, settings: ChainSettings, rules: SolanaRules, epoch: int, staged: Staged) -> None:
        self._settings = settings
        self._rules = rules
        self._epoch = epoch
        self._staged = staged
        self._evidence = Evidence(settings, epoch, staged)

    @cached_property
    def period(self) -> Period:
        """Slots and times of the epoch. Raises ProviderError."""
        return normalize_period(self._epoch, self._evidence.period)

    @cached_property
    def validators(self) -> tuple[TrackedValidator, ...]:
        """Those declared, or (`validators: all`) every one that may have income in the epoch.

        The node knows the validators of now; those gone since are found once MEV is staged.
        """
        declared = self._settings.declared_validators()
        if declared is not None:
            return tuple(declared)
        return tuple(map(self._settings.undeclared, self._evidence.known_keys()))

    @cached_property
    def identities(self) -> tuple[ValidatorIdentity, ...]:
        """Declared identities first, then the node's, Jito's and Stakewiz'."""
        return self._evidence.identities(self.validators)

    @cached_by_provider
    def fees(self, provider: str) -> Normalized[ValidatorFees]:
        """One record a validator, of a node's blocks or of Solana Beach."""
        evidence = self._evidence
        identities = {found.validator_key: found.identity for found in self.identities}
        found = answers(self._staged, Feed.FEES, provider)
        adapter = _FEES[adapter_of(self._settings, provider, Feed.FEES)]
        fees = adapter.read(found, evidence, self._rules, identities.values())
        return normalize_fees(
            provider,
            self._epoch,
            evidence.running_epoch,
            self.validators,
            identities,
            fees,
            evidence.totals,
        )

    @cached_by_provider
    def mev(self, provider: str) -> Normalized[ValidatorMev]:
        """One record a validator, divided by the rules in force in the epoch."""
        evidence = self._evidence
        return normalize_tips(
            evidence.tips, provider, self._epoch, evidence.running_epoch, self.validators, self._rules
        )

    @cached_by_provider
    def rewards(self, provider: str) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
        """One record a validator, and one a stake account."""
        evidence = self._evidence
        return normalize_rewards(
            provider,
            self._epoch,
            evidence.running_epoch,
            self.validators,
            payout(answers(self._staged, Feed.REWARDS, provider), evidence.limits, self._epoch),
            evidence.tips,
            evidence.snapshot,
            self._rules,
            {found.vote_pubkey: found.announced_bps for found in evidence.vote_accounts},
            of_all=self._settings.validators == "all",
        )

    @cached_by_provider
    def meta(self, provider: str) -> Normalized[ValidatorMeta]:
        """One record a validator Stakewiz describes, as of now, whatever the epoch."""
        return stakewiz.describe(answers(self._staged, Feed.META, provider), self.validators)
