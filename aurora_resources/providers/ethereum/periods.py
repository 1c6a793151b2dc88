"""Windows of epochs: when one is final, its slots and times, and whether the node is on the right network.

Window k is the epochs from k times the window's length on, counted from genesis; no date decides. A window is
final when its chain has finalised enough epochs after it, however long that takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from aurora_resources.config.chain_rules import EthereumRules
from aurora_resources.errors import NotYetAvailable, PayloadError
from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.ethereum import beacon_answers
from aurora_resources.providers.ethereum.beacon import FINALITY, GENESIS, HEAD, SPEC, Beacon
from aurora_resources.providers.ethereum.spec import Spec, spec
from aurora_resources.providers.staged import Answers, first_with
from aurora_resources.records import ChainHead, Feed, Fetcher, Period, ProviderResponse, Staged

EPOCHS_FOR_REWARDS: Final = 1
"""Attestations of a window's last epoch are rewarded at the end of the epoch after it."""
_BEHIND_USUALLY: Final = 4
_GENESIS_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """A window's epochs and slots, all ends included."""

    period_id: int
    first_epoch: int
    last_epoch: int
    first_slot: int
    last_slot: int

    @property
    def epochs(self) -> range:
        """Its epochs, ascending."""
        return range(self.first_epoch, self.last_epoch + 1)


def window_of(rules: EthereumRules, constants: Spec, period_id: int) -> Window:
    """The window of that number."""
    first, after = period_id * rules.window_epochs, (period_id + 1) * rules.window_epochs
    return Window(period_id, first, after - 1, constants.first_slot(first), constants.first_slot(after) - 1)


async def fetch_head(fetcher: Fetcher, beacon: Beacon, rules: EthereumRules) -> ChainHead:
    """The window that runs, by what is finalised: the one before it is final. Raises ProviderError."""
    constants = spec(await fetcher.fetch(beacon.spec()))
    payload = await fetcher.fetch(beacon.finality())
    finalised = beacon_answers.finalized(payload).epoch
    head = constants.epoch_of(beacon_answers.header(await fetcher.fetch(beacon.header(HEAD))).slot)
    after = finalised - EPOCHS_FOR_REWARDS - rules.lag_epochs
    told = f"epoch {finalised} is finalised, the head is in epoch {head}"
    if head - finalised > _BEHIND_USUALLY:
        told += ": finality has stalled, and nothing is final before it goes on"
    return ChainHead(max(0, after // rules.window_epochs), payload.fetched_at, told)


async def fetch_period(fetcher: Fetcher, beacon: Beacon, rules: EthereumRules, period_id: int) -> None:
    """Ask which network the node is on, for its constants, and what is final.

    Raises PayloadError for another network, NotYetAvailable while the window is not final.
    """
    _check_network(await fetcher.fetch(beacon.genesis()), rules)
    await fetcher.fetch(beacon.spec())
    payload = await fetcher.fetch(beacon.finality())
    finalised = beacon_answers.finalized(payload).epoch
    needed = (period_id + 1) * rules.window_epochs + EPOCHS_FOR_REWARDS
    if finalised < needed:
        raise NotYetAvailable(
            f"window {period_id} is final once epoch {needed} is finalised, and by now epoch {finalised} is; "
            "ask again later",
            provider=beacon.provider,
            endpoint=FINALITY,
        )


def period_answers(staged: Staged, providers: Sequence[str]) -> Answers:
    """What the first node that answered all of PERIODS said. Raises PayloadError when none did."""
    found = first_with(staged, Feed.PERIODS, providers, FINALITY)
    if found is None:
        raise PayloadError(
            "nothing complete is staged for the period; ask for it again",
            provider=", ".join(providers),
            endpoint=Feed.PERIODS.value,
        )
    return found


def constants_of(period: Answers) -> Spec:
    """The network's constants as the period's node gave them. Raises PayloadError."""
    return spec(_needed(period, SPEC))


def normalize_period(period_id: int, period: Answers, rules: EthereumRules) -> Period:
    """Slots and times of the window. Raises PayloadError."""
    started = _check_network(_needed(period, GENESIS), rules)
    constants = constants_of(period)
    window = window_of(rules, constants, period_id)

    def time(slot: int) -> datetime:
        return _GENESIS_START + timedelta(seconds=started + slot * constants.seconds_per_slot)

    begins = time(window.first_slot)
    return Period(
        period_id,
        f"{begins:%Y-%m-%d} (epochs {window.first_epoch}-{window.last_epoch})",
        window.first_slot,
        window.last_slot,
        begins,
        time(window.last_slot + 1),
    )


def _check_network(payload: ProviderResponse, rules: EthereumRules) -> int:
    """When the network started, seconds since 1970. Raises PayloadError for another network."""
    genesis = beacon_answers.genesis(payload)
    root = rules.genesis_validators_root
    if genesis.genesis_time != rules.genesis_time or (
        root is not None and genesis.genesis_validators_root != root.lower()
    ):
        raise unexpected(
            payload,
            f"this node is on a network that started at {genesis.genesis_time} with validators "
            f"{genesis.genesis_validators_root}, chains.yaml is about the one of {rules.genesis_time}"
            f"{'' if root is None else f' with {root}'}",
        )
    return genesis.genesis_time


def _needed(period: Answers, endpoint: str) -> ProviderResponse:
    found = period.last(endpoint)
    if found is None:
        raise PayloadError(
            "it is not staged; ask for the period again", provider=period.provider, endpoint=endpoint
        )
    return found
