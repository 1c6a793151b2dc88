"""Ethereum as a chain source: what each feed requests of which node or relay, and the records made of it.

A provider speaks what the feed it is named for in `chains.yaml` needs, whatever it is called: beacon nodes
answer periods, stakes, rewards and descriptions, execution nodes the fees, relays the MEV. STAKES holds what
the beacon node says of our validators in the window: their states, their slots to propose and the blocks they
proposed. FEES, MEV and REWARDS request data about those blocks, and META describes the validators.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from aurora_resources.config.chain_rules import EthereumRules
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import ConfigurationError, HistoryUnavailable, RefusedByProvider
from aurora_resources.http.client import Classify
from aurora_resources.providers.chain_source import FeedPolicy, cached_by_provider
from aurora_resources.providers.concurrently import fetch_all, for_each
from aurora_resources.providers.ethereum import beacon, execution
from aurora_resources.providers.ethereum.beacon import Beacon, classify_beacon
from aurora_resources.providers.ethereum.evidence import Evidence, Proposal
from aurora_resources.providers.ethereum.execution import (
    CHAIN_ID,
    Execution,
    ExecutionBlock,
    classify_execution,
    fetch_balances,
    fetch_block,
)
from aurora_resources.providers.ethereum.execution_income import normalize_fees, normalize_mev
from aurora_resources.providers.ethereum.periods import fetch_head, fetch_period, normalize_period
from aurora_resources.providers.ethereum.relays import Relay, fetch_delivered
from aurora_resources.providers.ethereum.rewards import fetch_rewards, normalize_rewards
from aurora_resources.providers.ethereum.slots import fetch_duties, fetch_slot
from aurora_resources.providers.ethereum.weights import fetch_states
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

_NODE_KINDS: Final = {
    Feed.PERIODS: "a beacon node",
    Feed.STAKES: "a beacon node",
    Feed.REWARDS: "a beacon node",
    Feed.META: "a beacon node",
    Feed.FEES: "an execution node",
    Feed.MEV: "a relay",
}


def classifier_of(settings: ChainSettings, provider: str) -> Classify | None:
    """How the client reads the provider's answers; None where HTTP says everything.

    Raises ConfigurationError for a provider that is named for feeds of different kinds.
    """
    kinds = {_NODE_KINDS[feed] for feed in Feed if provider in settings.providers.for_feed(feed)}
    if len(kinds) > 1:
        raise ConfigurationError(
            f'chains.yaml: {settings.chain_id}.providers: "{provider}" cannot be '
            f"{' and '.join(sorted(kinds))}; "
            "give each its own entry in providers.yaml, even at the same address"
        )
    if "a beacon node" in kinds:
        return classify_beacon
    return classify_execution if "an execution node" in kinds else None


async def fetch_feed(
    fetcher: Fetcher, feed: Feed, provider: str, period_id: int, keys: Sequence[str], evidence: Evidence
) -> None:
    """Ask `provider` everything `feed` needs about the validators of these keys. Raises ProviderError."""
    match feed:
        case Feed.PERIODS:
            await fetch_period(fetcher, Beacon(provider), evidence.rules, period_id)
        case Feed.STAKES:
            await _fetch_stakes(fetcher, Beacon(provider), keys, evidence)
        case Feed.META:
            await fetch_all(fetcher, Beacon(provider).validators(evidence.window.last_slot, keys))
        case Feed.FEES:
            await _fetch_fees(fetcher, Execution(provider), evidence)
        case Feed.MEV:
            await fetch_delivered(fetcher, Relay(provider), [found.slot for found in evidence.proposals])
        case Feed.REWARDS:
            await fetch_rewards(fetcher, Beacon(provider), evidence)


async def _fetch_stakes(fetcher: Fetcher, node: Beacon, keys: Sequence[str], evidence: Evidence) -> None:
    window = evidence.window
    states = await fetch_states(fetcher, node, evidence.constants, window, keys)
    ours = {state.index for state in states.values()}
    epochs = await fetch_duties(fetcher, node, window.epochs)
    slots = [
        duty.slot for response in epochs for duty in beacon.duties(response) if duty.validator_index in ours
    ]
    headers = await for_each(lambda slot: fetch_slot(fetcher, node, slot), slots)
    await fetch_all(fetcher, [node.block(header.root) for header in headers if header is not None])


async def _fetch_fees(fetcher: Fetcher, node: Execution, evidence: Evidence) -> None:
    """Blocks, receipts, and the balances that show a payment no transaction shows."""
    network = await fetcher.fetch(node.chain_id())
    if (chain_id := execution.chain_id(network)) != evidence.rules.execution_chain_id:
        raise RefusedByProvider(
            f"this node is on chain {chain_id}, chains.yaml says {evidence.rules.execution_chain_id}; "
            "check its address",
            provider=node.provider,
            endpoint=CHAIN_ID,
        )
    expected = evidence.rules.recipients_in(evidence.window.period_id)

    async def of_block(proposal: Proposal) -> None:
        if proposal.block is None or proposal.block.payload is None:
            return
        found = await fetch_block(fetcher, node, proposal.block.payload.block_hash)
        for address in _addresses_to_check(found, expected):
            try:
                await fetch_balances(fetcher, node, address, found.number)
            except HistoryUnavailable:
                return  # the payment stays unverified, and says so

    await for_each(of_block, evidence.proposals)


def _addresses_to_check(found: ExecutionBlock, expected: frozenset[str]) -> Iterable[str]:
    """Addresses of ours whose balance tells what the block paid.

    That is the block's own fee recipient if it is ours, which gets payments on top of its fees; else those
    that a transaction names, paid or not; else every one, for a contract may pay without naming it.
    """
    if found.miner in expected:
        return (found.miner,)
    named = {transaction.recipient for transaction in found.transactions if transaction.value} & expected
    return sorted(address for address in named or expected if address is not None)


_ABSENT: Final = frozenset({"active_slashed", "exited_slashed"})


def normalize_meta(
    evidence: Evidence, provider: str, validators: Sequence[TrackedValidator]
) -> Normalized[ValidatorMeta]:
    """One record a validator the node knows. Raises PayloadError."""
    states = evidence.states_at(evidence.window.last_slot, Feed.META) or {}
    records = []
    for validator in validators:
        key = validator.validator_key
        if (state := states.get(key)) is None:
            continue
        group = evidence.rules.group_of(key, evidence.window.period_id)
        records.append(
            ValidatorMeta(
                key,
                provider,
                name=validator.name,
                identity=str(state.index),
                commission_bps=None,
                version=None,
                delinquent=state.status in _ABSENT,
                group_name=None if group is None else group.code,
                operator=None if group is None else group.operator,
                client=None if group is None else group.client,
            )
        )
    return Normalized(tuple(records))


_POLICIES: Final[Mapping[Feed, FeedPolicy]] = {
    Feed.PERIODS: FeedPolicy(()),
    Feed.STAKES: FeedPolicy((Feed.PERIODS,), keep_partial=True),
    Feed.META: FeedPolicy((Feed.PERIODS,), keep_partial=True),
    Feed.FEES: FeedPolicy((Feed.PERIODS, Feed.STAKES), keep_partial=True),
    # A block may have come through any relay, so only all of them together can say that none delivered it.
    Feed.MEV: FeedPolicy((Feed.PERIODS, Feed.STAKES, Feed.FEES), combine_providers=True, keep_partial=True),
    # A client's service fee may be a part of what its blocks earned.
    Feed.REWARDS: FeedPolicy((Feed.PERIODS, Feed.STAKES, Feed.FEES, Feed.MEV), keep_partial=True),
}


class EthereumChain:
    """One network; a period is a window of epochs, a validator its public key, an amount wei."""

    policies: Mapping[Feed, FeedPolicy] = _POLICIES

    def __init__(self, settings: ChainSettings) -> None:
        """Raises ConfigurationError for rules of another protocol."""
        if not isinstance(settings.rules, EthereumRules):
            raise ConfigurationError(f"{settings.chain_id}: its rules are not those of Ethereum")
        self._settings = settings
        self._rules = settings.rules

    async def head(self, fetcher: Fetcher) -> ChainHead:
        """Ask the first node which window runs, by what is finalised. Raises ProviderError."""
        return await fetch_head(fetcher, Beacon(self._settings.providers.rpc[0]), self._rules)

    async def fetch(
        self,
        fetcher: Fetcher,
        feed: Feed,
        provider: str,
        period_id: int,
        validators: Sequence[TrackedValidator],
        staged: Staged,
    ) -> None:
        """Fetch from `provider` everything `feed` needs. Raises ProviderError."""
        keys = [validator.validator_key for validator in validators]
        evidence = Evidence(self._settings, self._rules, period_id, staged)
        await fetch_feed(fetcher, feed, provider, period_id, keys, evidence)

    def open(self, period_id: int, staged: Staged) -> "EthereumPeriod":
        """A view of the window."""
        return EthereumPeriod(self._settings, self._rules, period_id, staged)


class EthereumPeriod:
    """One window as its staged responses describe it (`PeriodView`). Every member may raise PayloadError."""

    def __init__(self, settings: ChainSettings, rules: EthereumRules, period_id: int, staged: Staged) -> None:
        self._settings = settings
        self._rules = rules
        self._period_id = period_id
        self._evidence = Evidence(settings, rules, period_id, staged)

    @cached_property
    def period(self) -> Period:
        """Slots and times of the window."""
        return normalize_period(self._period_id, self._evidence.period, self._rules)

    @cached_property
    def validators(self) -> tuple[TrackedValidator, ...]:
        """Those declared: a whole network is not tracked."""
        return tuple(self._settings.declared_validators() or ())

    @cached_property
    def identities(self) -> tuple[ValidatorIdentity, ...]:
        """The index of each validator, which is what nodes call it."""
        states = self._evidence.states
        return tuple(
            ValidatorIdentity(validator.validator_key, str(found.index), "beacon state")
            for validator in self.validators
            if (found := states.get(validator.validator_key)) is not None
        )

    @cached_by_provider
    def fees(self, provider: str) -> Normalized[ValidatorFees]:
        """One record a validator: the priority fees of blocks whose fee recipient is ours."""
        return normalize_fees(self._evidence, provider, self.validators)

    @cached_by_provider
    def mev(self, provider: str) -> Normalized[ValidatorMev]:
        """One record a validator: what builders paid for its blocks, of all relays together."""
        return normalize_mev(self._evidence, provider, self.validators)

    @cached_by_provider
    def rewards(self, provider: str) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
        """One record a validator, and one for its stake."""
        return normalize_rewards(self._evidence, provider, self.validators)

    @cached_by_provider
    def meta(self, provider: str) -> Normalized[ValidatorMeta]:
        """One record a validator the node knows, with the group it is in."""
        return normalize_meta(self._evidence, provider, self.validators)
