"""Windows of epochs: the network's constants, when a window is final, its slots and times.

Window k is the epochs from k times the window's length on, counted from genesis; no date decides. A window is
final when its chain has finalised enough epochs after it, however long that takes. Of `config/spec` only the
constants Aurora computes with are read; slot times come as milliseconds on newer nodes and as seconds on
older ones, and both are accepted. A node on another network than the configured one is rejected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from aurora_resources.config.chain_rules import EthereumRules
from aurora_resources.errors import NotYetAvailable, PayloadError
from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.ethereum import beacon
from aurora_resources.providers.ethereum.beacon import FINALITY, GENESIS, HEAD, SPEC, Beacon, Data
from aurora_resources.providers.ethereum.quantities import DecimalUint, epoch_or_none, shape
from aurora_resources.providers.staged import Answers, first_with
from aurora_resources.records import ChainHead, Feed, Fetcher, Period, ProviderResponse, Staged

_MILLISECONDS: Final = 1_000


class Spec(msgspec.Struct, frozen=True):
    """A network's constants; fork epochs are None where the fork is not scheduled."""

    slots_per_epoch: int
    seconds_per_slot: int
    epochs_per_sync_committee_period: int
    epochs_per_slashings_vector: int
    withdrawability_delay_epochs: int
    altair_epoch: int | None
    bellatrix_epoch: int | None
    electra_epoch: int | None
    gloas_epoch: int | None
    slashing_quotients: tuple[int, int, int, int]
    """What an effective balance is divided by at a slashing: phase 0, Altair, Bellatrix, Electra."""

    def slashing_quotient(self, epoch: int) -> int:
        """The divisor of the initial penalty for a slashing in `epoch`."""
        forks = (self.electra_epoch, self.bellatrix_epoch, self.altair_epoch)
        for fork, quotient in zip(forks, reversed(self.slashing_quotients), strict=False):
            if fork is not None and epoch >= fork:
                return quotient
        return self.slashing_quotients[0]

    def epoch_of(self, slot: int) -> int:
        """The epoch of a slot."""
        return slot // self.slots_per_epoch

    def first_slot(self, epoch: int) -> int:
        """The first slot of an epoch."""
        return epoch * self.slots_per_epoch

    def sync_period(self, epoch: int) -> int:
        """The sync committee period of an epoch."""
        return epoch // self.epochs_per_sync_committee_period


class _Spec(msgspec.Struct, rename=str.upper):
    slots_per_epoch: DecimalUint
    slot_duration_ms: DecimalUint | None = None
    seconds_per_slot: DecimalUint | None = None
    epochs_per_sync_committee_period: DecimalUint = DecimalUint(256)
    epochs_per_slashings_vector: DecimalUint = DecimalUint(8192)
    min_validator_withdrawability_delay: DecimalUint = DecimalUint(256)
    altair_fork_epoch: DecimalUint | None = None
    bellatrix_fork_epoch: DecimalUint | None = None
    electra_fork_epoch: DecimalUint | None = None
    gloas_fork_epoch: DecimalUint | None = None
    min_slashing_penalty_quotient: DecimalUint = DecimalUint(128)
    min_slashing_penalty_quotient_altair: DecimalUint = DecimalUint(64)
    min_slashing_penalty_quotient_bellatrix: DecimalUint = DecimalUint(32)
    min_slashing_penalty_quotient_electra: DecimalUint = DecimalUint(4096)


_answer = shape(Data[_Spec])


def spec(response: ProviderResponse) -> Spec:
    """The constants of the network; mainnet's where an old node leaves one out. Raises PayloadError."""
    found = _answer.read(response).data
    return Spec(
        slots_per_epoch=found.slots_per_epoch,
        seconds_per_slot=_seconds_per_slot(response, found),
        epochs_per_sync_committee_period=found.epochs_per_sync_committee_period,
        epochs_per_slashings_vector=found.epochs_per_slashings_vector,
        withdrawability_delay_epochs=found.min_validator_withdrawability_delay,
        altair_epoch=_fork(found.altair_fork_epoch),
        bellatrix_epoch=_fork(found.bellatrix_fork_epoch),
        electra_epoch=_fork(found.electra_fork_epoch),
        gloas_epoch=_fork(found.gloas_fork_epoch),
        slashing_quotients=(
            found.min_slashing_penalty_quotient,
            found.min_slashing_penalty_quotient_altair,
            found.min_slashing_penalty_quotient_bellatrix,
            found.min_slashing_penalty_quotient_electra,
        ),
    )


def _seconds_per_slot(response: ProviderResponse, found: _Spec) -> int:
    if found.slot_duration_ms is not None:
        seconds, rest = divmod(found.slot_duration_ms, _MILLISECONDS)
        if rest or not seconds:
            raise unexpected(response, f"slots of {found.slot_duration_ms} ms are no whole seconds")
        return seconds
    if not found.seconds_per_slot:
        raise unexpected(response, "neither SLOT_DURATION_MS nor SECONDS_PER_SLOT is there")
    return found.seconds_per_slot


def _fork(epoch: int | None) -> int | None:
    return None if epoch is None else epoch_or_none(epoch)


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


async def fetch_head(fetcher: Fetcher, node: Beacon, rules: EthereumRules) -> ChainHead:
    """The window that runs, by what is finalised: the one before it is final. Raises ProviderError."""
    constants = spec(await fetcher.fetch(node.spec()))
    response = await fetcher.fetch(node.finality())
    finalised = beacon.finalized(response).epoch
    head = constants.epoch_of(beacon.header(await fetcher.fetch(node.header(HEAD))).slot)
    after = finalised - EPOCHS_FOR_REWARDS - rules.lag_epochs
    note = f"epoch {finalised} is finalised, the head is in epoch {head}"
    if head - finalised > _BEHIND_USUALLY:
        note += ": finality has stalled, and nothing is final before it goes on"
    return ChainHead(max(0, after // rules.window_epochs), response.fetched_at, note)


async def fetch_period(fetcher: Fetcher, node: Beacon, rules: EthereumRules, period_id: int) -> None:
    """Ask which network the node is on, for its constants, and what is final.

    Raises PayloadError for another network, NotYetAvailable while the window is not final.
    """
    _check_network(await fetcher.fetch(node.genesis()), rules)
    await fetcher.fetch(node.spec())
    response = await fetcher.fetch(node.finality())
    finalised = beacon.finalized(response).epoch
    needed = (period_id + 1) * rules.window_epochs + EPOCHS_FOR_REWARDS
    if finalised < needed:
        raise NotYetAvailable(
            f"window {period_id} is final once epoch {needed} is finalised, and by now epoch {finalised} is; "
            "ask again later",
            provider=node.provider,
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


def _check_network(response: ProviderResponse, rules: EthereumRules) -> int:
    """When the network started, seconds since 1970. Raises PayloadError for another network."""
    genesis = beacon.genesis(response)
    root = rules.genesis_validators_root
    if genesis.genesis_time != rules.genesis_time or (
        root is not None and genesis.genesis_validators_root != root.lower()
    ):
        raise unexpected(
            response,
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
