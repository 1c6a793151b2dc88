"""What is staged for one window, read once each when first needed: states, duties, blocks, fees, claims.

Facts of the chain are the same from every beacon node, so the answers of all that were asked are read as one.
Nothing is decided here; what is not staged is absent, and the caller that needs it reports it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from aurora_resources.config.chain_rules import EthereumRules
from aurora_resources.config.models import ChainSettings
from aurora_resources.providers.ethereum import beacon
from aurora_resources.providers.ethereum.beacon import (
    BLOCK,
    DUTIES,
    HEADER,
    VALIDATORS,
    BeaconBlock,
    Duty,
    Header,
    ValidatorState,
)
from aurora_resources.providers.ethereum.findings import VALIDATOR_UNKNOWN
from aurora_resources.providers.ethereum.periods import (
    Spec,
    Window,
    constants_of,
    period_answers,
    window_of,
)
from aurora_resources.providers.ethereum.relays import (
    DELIVERED,
    BlockClaims,
    Coverage,
    RelayClaim,
    claims_by_block,
    delivered,
)
from aurora_resources.providers.ethereum.slots import SlotFacts
from aurora_resources.providers.staged import Answers, answers
from aurora_resources.records import Feed, Finding, ProviderResponse, Staged

_NOWHERE: Final[Mapping[str, ValidatorState]] = {}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A slot one of ours was to propose in. `header` is None when `is_empty`, or when it is not known."""

    slot: int
    validator_key: str
    validator_index: int
    header: Header | None
    block: BeaconBlock | None
    is_empty: bool


class Evidence:
    """The staged responses of one window of one chain. Every property may raise PayloadError."""

    def __init__(self, settings: ChainSettings, rules: EthereumRules, period_id: int, staged: Staged) -> None:
        self.rules = rules
        self.providers = settings.providers
        self.staged = staged
        self._period_id = period_id

    @cached_property
    def period(self) -> Answers:
        """What the node said of the period."""
        return period_answers(self.staged, self.providers.rpc)

    @cached_property
    def constants(self) -> Spec:
        """The network's constants."""
        return constants_of(self.period)

    @cached_property
    def window(self) -> Window:
        """The window's epochs and slots."""
        return window_of(self.rules, self.constants, self._period_id)

    def states_at(self, slot: int, feed: Feed = Feed.STAKES) -> Mapping[str, ValidatorState] | None:
        """The validators in the state at `slot`, by public key; None when it is not staged."""
        path = f"/eth/v1/beacon/states/{slot}/validators"
        found = [response for response in self.every(feed, VALIDATORS) if response.request.path == path]
        return beacon.validators_by_key(found) if found else None

    @cached_property
    def at_start(self) -> Mapping[str, ValidatorState] | None:
        """Our validators at the window's first slot; None when that is not staged."""
        return self.states_at(self.window.first_slot)

    @cached_property
    def at_end(self) -> Mapping[str, ValidatorState] | None:
        """Our validators at the window's last slot; None when that is not staged."""
        return self.states_at(self.window.last_slot)

    @cached_property
    def states(self) -> Mapping[str, ValidatorState]:
        """Our validators as late in the window as they are known, by public key."""
        return {**(self.at_start or _NOWHERE), **(self.at_end or _NOWHERE)}

    @cached_property
    def states_by_epoch(self) -> Mapping[int, Mapping[str, ValidatorState]]:
        """Our validators in every staged state, by its epoch."""
        found: dict[int, dict[str, ValidatorState]] = {}
        for response in self.every(Feed.STAKES, VALIDATORS):
            epoch = self.constants.epoch_of(int(response.request.path.split("/")[5]))
            found.setdefault(epoch, {}).update(beacon.validators_by_key([response]))
        return found

    def absence(self, validator_key: str) -> Finding:
        """Why nothing is known of a validator that no staged state has."""
        if any(validator_key in _requested_ids(found) for found in self.every(Feed.STAKES, VALIDATORS)):
            problem = "the node does not know it in this window; correct its key, or leave it out for now"
        else:
            problem = "the node was not asked about it in this window; ask for everything again (--refresh)"
        return Finding(VALIDATOR_UNKNOWN, problem, validator_key)

    @cached_property
    def keys(self) -> Mapping[int, str]:
        """Public keys by index."""
        return {state.index: key for key, state in self.states.items()}

    @cached_property
    def duties(self) -> Mapping[int, tuple[Duty, ...]]:
        """The proposers of the window's epochs, as far as they are staged."""
        found: dict[int, tuple[Duty, ...]] = {}
        for response in self.every(Feed.STAKES, DUTIES):
            epoch = int(response.request.path.rpartition("/")[2])
            if epoch in self.window.epochs:
                found[epoch] = beacon.duties(response)
        return found

    @cached_property
    def unknown_duties(self) -> tuple[int, ...]:
        """The window's epochs whose proposers are not staged."""
        return tuple(epoch for epoch in self.window.epochs if epoch not in self.duties)

    @cached_property
    def slots(self) -> SlotFacts:
        """Which slots hold a block."""
        return SlotFacts(self.every(Feed.STAKES, HEADER))

    @cached_property
    def proposals(self) -> tuple[Proposal, ...]:
        """The slots ours were to propose in, ascending."""
        blocks = {
            response.request.path.rpartition("/")[2]: beacon.block(response)
            for response in self.every(Feed.STAKES, BLOCK)
        }
        found = []
        for duty in (duty for of_epoch in self.duties.values() for duty in of_epoch):
            key = self.keys.get(duty.validator_index)
            if key is None:
                continue
            header = self.slots.header_at(duty.slot)
            block = None if header is None else blocks.get(header.root)
            empty = self.slots.is_empty(duty.slot)
            found.append(Proposal(duty.slot, key, duty.validator_index, header, block, empty))
        return tuple(sorted(found, key=lambda proposal: proposal.slot))

    def proposals_of(self, validator_key: str) -> tuple[Proposal, ...]:
        """Those of one validator."""
        return tuple(found for found in self.proposals if found.validator_key == validator_key)

    @cached_property
    def claims(self) -> Mapping[str, BlockClaims]:
        """What the relays say they delivered, by block hash."""
        return claims_by_block({relay: self._rows(relay) for relay in self.providers.mev})

    @cached_property
    def claims_at(self) -> Mapping[int, tuple[BlockClaims, ...]]:
        """The same by slot."""
        found: dict[int, list[BlockClaims]] = {}
        for claims in self.claims.values():
            found.setdefault(claims.by_relay[0][1].slot, []).append(claims)
        return {slot: tuple(claims) for slot, claims in found.items()}

    def silent_relays(self, slot: int) -> tuple[str, ...]:
        """The relays that did not answer for `slot`."""
        return tuple(relay for relay in self.providers.mev if slot not in self._answered[relay])

    @cached_property
    def _answered(self) -> Mapping[str, Coverage]:
        return {
            relay: Coverage(answers(self.staged, Feed.MEV, relay).every(DELIVERED))
            for relay in self.providers.mev
        }

    def _rows(self, relay: str) -> Iterable[RelayClaim]:
        found = answers(self.staged, Feed.MEV, relay).every(DELIVERED)
        return [claim for response in found for claim in delivered(response)]

    def every(self, feed: Feed, endpoint: str) -> Sequence[ProviderResponse]:
        """All staged answers of an endpoint for `feed`, of every provider that answers that feed."""
        return [
            response
            for provider in self.providers.for_feed(feed)
            for response in answers(self.staged, feed, provider).every(endpoint)
        ]


def _requested_ids(response: ProviderResponse) -> Sequence[object]:
    """The validators that a request about states named."""
    body = response.request.body
    ids = body.get("ids") if isinstance(body, Mapping) else None
    return ids if isinstance(ids, Sequence) else ()
