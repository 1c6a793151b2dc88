"""A beacon node (standard Beacon API): requests, what its failures mean, and its answers as typed records.

`base_url` is the node's address without `/eth`. Only finalised history is requested, apart from finality
itself and the validators as of now; requests for history are `immutable`, and an answer that the node does
not mark as finalised is rejected here, before it is kept. Amounts are gwei, as the node gives them, and their
names say so. A validator that is absent from a rewards answer has an unknown reward, never zero. Slashing
penalties are in none of these answers. The network's constants (`config/spec`) are parsed in `periods.py`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeAlias

import httpx
import msgspec

from aurora_resources.errors import (
    HistoryUnavailable,
    NotYetAvailable,
    ProviderError,
    TransientProviderError,
)
from aurora_resources.http.statuses import NOT_FOUND
from aurora_resources.providers.decoding import T, unexpected
from aurora_resources.providers.ethereum.quantities import (
    DecimalInt,
    DecimalUint,
    HexData,
    epoch_or_none,
    shape,
)
from aurora_resources.records import Json, ProviderRequest, ProviderResponse

MAX_IDS: Final = 1_000
"""Validators in one request: about half a megabyte of answer."""
GENESIS: Final = "GET beacon/genesis"
SPEC: Final = "GET config/spec"
FINALITY: Final = "GET finality_checkpoints"
HEADER: Final = "GET beacon/headers"
BLOCK: Final = "GET beacon/blocks"
VALIDATORS: Final = "POST states/validators"
DUTIES: Final = "GET duties/proposer"
SYNC_COMMITTEE: Final = "GET sync_committees"
BLOCK_REWARDS: Final = "GET rewards/blocks"
ATTESTATION_REWARDS: Final = "POST rewards/attestations"
SYNC_REWARDS: Final = "POST rewards/sync_committee"

HEAD: Final = "head"
BlockId: TypeAlias = int | str
"""A slot, or a 0x block root."""


@dataclass(frozen=True, slots=True)
class Beacon:
    """The requests to one beacon node; `provider` is its name in `providers.yaml`."""

    provider: str

    def genesis(self) -> ProviderRequest:
        """Time and validators root of the network's start: tells which network the node is on."""
        return self._get(GENESIS, "/eth/v1/beacon/genesis", immutable=True)

    def spec(self) -> ProviderRequest:
        """The network's constants and fork epochs; asked anew, for a fork epoch may be set later."""
        return self._get(SPEC, "/eth/v1/config/spec")

    def finality(self) -> ProviderRequest:
        """The checkpoints as of the head: the newest finalised epoch."""
        return self._get(FINALITY, f"/eth/v1/beacon/states/{HEAD}/finality_checkpoints")

    def header(self, block: BlockId) -> ProviderRequest:
        """The header at a slot, of a root or of the head; 404 where there is none (`slots.fetch_slot`)."""
        return self._get(HEADER, f"/eth/v1/beacon/headers/{block}", immutable=block != HEAD)

    def block(self, root: str) -> ProviderRequest:
        """A whole block by its root: the execution payload and the slashings in it; up to a megabyte."""
        return self._get(BLOCK, f"/eth/v2/beacon/blocks/{root}", immutable=True)

    def validators(
        self, state: int | Literal["head"], ids: Sequence[int | str]
    ) -> tuple[ProviderRequest, ...]:
        """Balance, life and credentials of validators (indices or public keys) in the state at a slot.

        Unknown ones are left out of the answer without a word. Raises ValueError for no ids at all: a node
        takes that for every validator there is.
        """
        path = f"/eth/v1/beacon/states/{state}/validators"
        return tuple(
            self._post(VALIDATORS, path, {"ids": chunk}, immutable=state != HEAD) for chunk in _chunks(ids)
        )

    def proposer_duties(self, epoch: int, version: Literal[1, 2] = 2) -> ProviderRequest:
        """Who was to propose each slot of an epoch. Version 2 is newer, not all nodes have it."""
        path = f"/eth/v{version}/validator/duties/proposer/{epoch}"
        return self._get(DUTIES, path, immutable=True)

    def sync_committee(self, slot: int, epoch: int) -> ProviderRequest:
        """The committee of the sync period of `epoch`, taken from the state at `slot`, which is inside it."""
        path = f"/eth/v1/beacon/states/{slot}/sync_committees"
        return self._get(SYNC_COMMITTEE, path, (("epoch", str(epoch)),), immutable=True)

    def block_rewards(self, root: str) -> ProviderRequest:
        """What the proposer of a block earned in the consensus layer, in gwei; never its fees."""
        return self._get(BLOCK_REWARDS, f"/eth/v1/beacon/rewards/blocks/{root}", immutable=True)

    def attestation_rewards(self, epoch: int, ids: Sequence[int | str]) -> tuple[ProviderRequest, ...]:
        """Rewards and penalties of the attestations of `epoch`, in gwei; there once epoch + 1 is over.

        Raises ValueError for no ids: a node takes that for every validator there is.
        """
        path = f"/eth/v1/beacon/rewards/attestations/{epoch}"
        return tuple(self._post(ATTESTATION_REWARDS, path, chunk, immutable=True) for chunk in _chunks(ids))

    def sync_rewards(self, block: BlockId, ids: Sequence[int | str]) -> tuple[ProviderRequest, ...]:
        """Rewards and penalties of committee members in one block, in gwei. Raises ValueError for no ids."""
        path = f"/eth/v1/beacon/rewards/sync_committee/{block}"
        return tuple(self._post(SYNC_REWARDS, path, chunk, immutable=True) for chunk in _chunks(ids))

    def _get(
        self, endpoint: str, path: str, query: tuple[tuple[str, str], ...] = (), *, immutable: bool = False
    ) -> ProviderRequest:
        return ProviderRequest(self.provider, endpoint, "GET", path, query, immutable=immutable)

    def _post(self, endpoint: str, path: str, body: Json, *, immutable: bool) -> ProviderRequest:
        return ProviderRequest(self.provider, endpoint, "POST", path, body=body, immutable=immutable)


def _chunks(ids: Sequence[int | str]) -> list[list[str]]:
    if not ids:
        raise ValueError("no validators to ask about; an empty list means all of them to a beacon node")
    texts = [str(validator) for validator in ids]
    return [texts[start : start + MAX_IDS] for start in range(0, len(texts), MAX_IDS)]


class _Flags(msgspec.Struct):
    """Both flags are left out by old nodes."""

    execution_optimistic: bool = False
    finalized: bool | None = None


class _Refusal(msgspec.Struct):
    message: str = ""


_flags = msgspec.json.Decoder(_Flags)
_refusal = msgspec.json.Decoder(_Refusal)

_OF_THE_CHAIN: Final = frozenset(
    {BLOCK, VALIDATORS, DUTIES, SYNC_COMMITTEE, BLOCK_REWARDS, ATTESTATION_REWARDS, SYNC_REWARDS}
)
"""What a node with the whole history always has: only ever asked about blocks and states that exist."""


def classify_beacon(
    request: ProviderRequest, status: int, _headers: httpx.Headers, body: bytes
) -> ProviderError | None:
    """The error a 404 or a success stands for; other statuses never come here.

    A 404 has two meanings. For a header it says that no block is at that slot, or that the node does not
    have it: `slots.fetch_slot` finds out which. For rewards, states and duties it says that the node has
    pruned them, or lacks the endpoint: never that they are zero.
    """
    if status == NOT_FOUND:
        return _not_found(request, body)
    try:
        flags = _flags.decode(body)
    except msgspec.MsgspecError:
        return None  # the parser says what is wrong with it
    if flags.execution_optimistic:
        return TransientProviderError(
            "the node has not verified the execution payloads yet (execution_optimistic); wait until its "
            "execution client is in sync",
            provider=request.provider,
            endpoint=request.endpoint,
            status=status,
        )
    if flags.finalized is False and request.immutable:
        return NotYetAvailable(
            f"{request.path} is not finalised on this node; ask again later",
            provider=request.provider,
            endpoint=request.endpoint,
            status=status,
        )
    return None


def _not_found(request: ProviderRequest, body: bytes) -> ProviderError | None:
    try:
        says = _refusal.decode(body).message
    except msgspec.MsgspecError:
        says = ""
    reason = f'{request.path}: HTTP 404, the answer says "{says}"' if says else f"{request.path}: HTTP 404"
    if request.endpoint == HEADER:
        return NotYetAvailable(
            f"{reason}; no block is known there",
            provider=request.provider,
            endpoint=request.endpoint,
            status=NOT_FOUND,
        )
    if request.endpoint in _OF_THE_CHAIN:
        return HistoryUnavailable(
            f"{reason}; this node does not hold that state, or lacks the endpoint, and nothing is counted as "
            "zero: configure an archive node, or one that answers rewards",
            provider=request.provider,
            endpoint=request.endpoint,
            status=NOT_FOUND,
        )
    return None


_ADDRESS_CREDENTIALS: Final = ("0x01", "0x02")
"""Prefixes of withdrawal credentials that end in an address; 0x02 compounds."""
_ADDRESS_DIGITS: Final = 40


class Genesis(msgspec.Struct, frozen=True):
    """The start of the network: seconds since 1970, and the root that tells it from every other network."""

    genesis_time: DecimalUint
    genesis_validators_root: HexData


class Checkpoint(msgspec.Struct, frozen=True):
    """A finalised epoch; epoch 0 and a root of zeros before there was any."""

    epoch: DecimalUint
    root: HexData


class Header(msgspec.Struct, frozen=True):
    """A block, without its body. `canonical` is false for an orphan, which was never on the chain."""

    root: str
    canonical: bool
    slot: int
    proposer_index: int
    parent_root: str


class Duty(msgspec.Struct, frozen=True):
    """A slot that a validator was to propose."""

    slot: DecimalUint
    validator_index: DecimalUint
    pubkey: HexData


class PayloadWithdrawal(msgspec.Struct, frozen=True):
    """A move from a validator's balance to an address; a move, not income."""

    validator_index: DecimalUint
    address: HexData
    amount_gwei: DecimalUint = msgspec.field(name="amount")


class PayloadRef(msgspec.Struct, frozen=True):
    """The execution block inside a beacon block: the hash everything else is joined on. Wei and gas units."""

    fee_recipient: HexData
    block_number: DecimalUint
    block_hash: HexData
    base_fee_per_gas: DecimalUint
    gas_used: DecimalUint
    timestamp: DecimalUint
    withdrawals: tuple[PayloadWithdrawal, ...] = ()


class BeaconBlock(msgspec.Struct, frozen=True):
    """A block. `response` is None before the Merge and where a fork moved the payload out of the block.

    `slashed` are the validators whose slashing the block carries.
    """

    version: str
    slot: int
    proposer_index: int
    payload: PayloadRef | None
    slashed: frozenset[int]


class ValidatorState(msgspec.Struct, frozen=True):
    """A validator in one state; epochs are None as long as they are not decided."""

    index: int
    pubkey: str
    status: str
    balance_gwei: int
    effective_balance_gwei: int
    slashed: bool
    activation_epoch: int | None
    exit_epoch: int | None
    withdrawable_epoch: int | None
    credentials: str

    @property
    def withdrawal_address(self) -> str | None:
        """Who owns the stake: the address in the credentials; None while they hold a BLS key."""
        if self.credentials[:4] not in _ADDRESS_CREDENTIALS:
            return None
        return "0x" + self.credentials[-_ADDRESS_DIGITS:]

    def is_active(self, epoch: int) -> bool:
        """Whether it attested for the network in `epoch`, as known in this state."""
        return self._begun(epoch) and (self.exit_epoch is None or epoch < self.exit_epoch)

    def on_duty(self, epoch: int) -> bool:
        """Whether the attestations of `epoch` reward or penalise it: active, or slashed and still locked."""
        locked = self.withdrawable_epoch is None or epoch + 1 < self.withdrawable_epoch
        return self.is_active(epoch) or (self.slashed and self._begun(epoch) and locked)

    def _begun(self, epoch: int) -> bool:
        return self.activation_epoch is not None and self.activation_epoch <= epoch


class _HeaderMessage(msgspec.Struct):
    slot: DecimalUint
    proposer_index: DecimalUint
    parent_root: HexData


class _SignedHeader(msgspec.Struct):
    message: _HeaderMessage


class _Header(msgspec.Struct):
    root: HexData
    header: _SignedHeader
    canonical: bool = True


class _Finality(msgspec.Struct):
    finalized: Checkpoint


class _Validator(msgspec.Struct):
    pubkey: HexData
    withdrawal_credentials: HexData
    effective_balance: DecimalUint
    slashed: bool
    activation_epoch: DecimalUint
    exit_epoch: DecimalUint
    withdrawable_epoch: DecimalUint


class _ValidatorRow(msgspec.Struct):
    index: DecimalUint
    balance: DecimalUint
    status: str
    validator: _Validator


class _IndexedAttestation(msgspec.Struct):
    attesting_indices: tuple[DecimalUint, ...]


class _AttesterSlashing(msgspec.Struct):
    attestation_1: _IndexedAttestation
    attestation_2: _IndexedAttestation


class _ProposerSlashing(msgspec.Struct):
    signed_header_1: _SignedHeader


class _Body(msgspec.Struct):
    execution_payload: PayloadRef | None = None
    proposer_slashings: tuple[_ProposerSlashing, ...] = ()
    attester_slashings: tuple[_AttesterSlashing, ...] = ()

    def slashed(self) -> Iterable[int]:
        """Both votes of a slashed attester are in the block; a validator that signed both is slashed."""
        for offence in self.proposer_slashings:
            yield offence.signed_header_1.message.proposer_index
        for votes in self.attester_slashings:
            yield from set(votes.attestation_1.attesting_indices) & set(votes.attestation_2.attesting_indices)


class _BlockMessage(msgspec.Struct):
    slot: DecimalUint
    proposer_index: DecimalUint
    body: _Body


class _SignedBlock(msgspec.Struct):
    message: _BlockMessage


class _Committee(msgspec.Struct):
    validators: tuple[DecimalUint, ...]


class _Block(msgspec.Struct):
    version: str
    data: _SignedBlock


class Data(msgspec.Struct, Generic[T]):
    """The envelope of every answer; its flags are read in `beacon.classify_beacon`."""

    data: T


_genesis = shape(Data[Genesis])
_finality = shape(Data[_Finality])
_header = shape(Data[_Header])
_block = shape(_Block)
_validators = shape(Data[tuple[_ValidatorRow, ...]])
_duties = shape(Data[tuple[Duty, ...]])
_committee = shape(Data[_Committee])


def genesis(response: ProviderResponse) -> Genesis:
    """The start of the network. Raises PayloadError."""
    return _genesis.read(response).data


def finalized(response: ProviderResponse) -> Checkpoint:
    """The newest finalised epoch, of finality_checkpoints. Raises PayloadError."""
    return _finality.read(response).data.finalized


def header(response: ProviderResponse) -> Header:
    """A header at a slot or of a root. Raises PayloadError, also when another slot than asked is answered."""
    found = _header.read(response).data
    message = found.header.message
    asked = response.request.path.rpartition("/")[2]
    if asked.isdecimal() and int(asked) != message.slot:
        raise unexpected(response, f"asked for slot {asked}, answered slot {message.slot}")
    if asked.startswith("0x") and asked.lower() != found.root:
        raise unexpected(response, f"asked for root {asked}, answered root {found.root}")
    return Header(found.root, found.canonical, message.slot, message.proposer_index, message.parent_root)


def block(response: ProviderResponse) -> BeaconBlock:
    """A block with what its execution payload says of itself. Raises PayloadError."""
    found = _block.read(response)
    message = found.data.message
    inside = message.body.execution_payload
    if inside is not None and inside.block_number == 0 and not inside.block_hash.strip("0x"):
        inside = None  # before the Merge the payload is all zeros
    return BeaconBlock(
        version=found.version,
        slot=message.slot,
        proposer_index=message.proposer_index,
        payload=inside,
        slashed=frozenset(message.body.slashed()),
    )


def validators(response: ProviderResponse) -> tuple[ValidatorState, ...]:
    """Validators in one state, in the node's order. Raises PayloadError, also for one named twice."""
    found = tuple(
        ValidatorState(
            index=row.index,
            pubkey=row.validator.pubkey,
            status=row.status,
            balance_gwei=row.balance,
            effective_balance_gwei=row.validator.effective_balance,
            slashed=row.validator.slashed,
            activation_epoch=epoch_or_none(row.validator.activation_epoch),
            exit_epoch=epoch_or_none(row.validator.exit_epoch),
            withdrawable_epoch=epoch_or_none(row.validator.withdrawable_epoch),
            credentials=row.validator.withdrawal_credentials,
        )
        for row in _validators.read(response).data
    )
    if len({row.index for row in found}) != len(found):
        raise unexpected(response, "a validator is answered twice")
    return found


def validators_by_key(responses: Iterable[ProviderResponse]) -> Mapping[str, ValidatorState]:
    """The validators of all chunks of one request, by public key. Raises PayloadError.

    Keys the chain does not know are left out by the node: compare with what was asked.
    """
    return {row.pubkey: row for response in responses for row in validators(response)}


def duties(response: ProviderResponse) -> tuple[Duty, ...]:
    """The proposers of one epoch, one a slot. Raises PayloadError, also for a slot named twice."""
    found = _duties.read(response).data
    if len({duty.slot for duty in found}) != len(found):
        raise unexpected(response, "a slot has two proposers")
    return found


def sync_committee(response: ProviderResponse) -> tuple[int, ...]:
    """The members of a sync committee by index; one may sit twice. Raises PayloadError."""
    return tuple(_committee.read(response).data.validators)


# The index is unsigned; 20 digits are more than the chain's 64 bits ever need.
_numbers = re.compile(r"[0-9]{1,20}(?: -?[0-9]{1,20}){5}", re.ASCII).fullmatch


class BlockRewards(msgspec.Struct, frozen=True):
    """What the proposer of a block earned in the consensus layer, in gwei; execution fees are not in it."""

    proposer_index: DecimalUint
    total_gwei: DecimalUint = msgspec.field(name="total")
    attestations_gwei: DecimalUint = msgspec.field(name="attestations")
    sync_aggregate_gwei: DecimalUint = msgspec.field(name="sync_aggregate")
    proposer_slashings_gwei: DecimalUint = msgspec.field(name="proposer_slashings")
    attester_slashings_gwei: DecimalUint = msgspec.field(name="attester_slashings")

    @property
    def parts_gwei(self) -> int:
        """The four parts together; a right answer has them equal to the total."""
        return (
            self.attestations_gwei
            + self.sync_aggregate_gwei
            + self.proposer_slashings_gwei
            + self.attester_slashings_gwei
        )


class _AttestationRow(msgspec.Struct, gc=False):
    """Numbers stay as they are written until the whole row is known to be numbers: there are millions.

    `inclusion_delay` was paid before Altair only; Prysm writes it as an empty text since.
    """

    validator_index: str | int
    head: str | int
    target: str | int
    source: str | int
    inactivity: str | int = 0
    inclusion_delay: str | int | None = None

    def read(self) -> tuple[int, int]:
        """Index and gwei. Raises ValueError when one of the parts is no whole number."""
        delay = self.inclusion_delay or 0
        if not _numbers(
            f"{self.validator_index} {self.head} {self.target} {self.source} {self.inactivity} {delay}"
        ):
            raise ValueError(f"a part of {self} is no whole number")
        gwei = int(self.head) + int(self.target) + int(self.source) + int(self.inactivity) + int(delay)
        return int(self.validator_index), gwei


class _Attestations(msgspec.Struct):
    total_rewards: tuple[_AttestationRow, ...]


class _SyncReward(msgspec.Struct, gc=False):
    validator_index: DecimalUint
    reward: DecimalInt


_block_rewards = shape(Data[BlockRewards])
_attestation_rewards = shape(Data[_Attestations], keep=False)
_sync_rewards = shape(Data[tuple[_SyncReward, ...]])


def block_rewards(response: ProviderResponse) -> BlockRewards:
    """The proposer's consensus reward. Raises PayloadError, also when the parts do not sum to the total."""
    found = _block_rewards.read(response).data
    if found.parts_gwei != found.total_gwei:
        raise unexpected(
            response, f"the parts sum to {found.parts_gwei:,} gwei, the total says {found.total_gwei:,}"
        )
    return found


def attestation_rewards(response: ProviderResponse) -> Mapping[int, int]:
    """Gwei of one epoch by validator index, all parts summed: negative for missed or late votes.

    Raises PayloadError, also for a validator named twice.
    """
    rows = _attestation_rewards.read(response).data.total_rewards
    try:
        found = dict(row.read() for row in rows)
    except ValueError as problem:
        raise unexpected(response, str(problem)) from None
    if len(found) != len(rows):
        raise unexpected(response, "a validator is answered twice")
    return found


def sync_rewards(response: ProviderResponse) -> Mapping[int, int]:
    """Gwei of one block by validator index, signed; a member sitting twice has both seats in one sum.

    Raises PayloadError.
    """
    found: dict[int, int] = {}
    for row in _sync_rewards.read(response).data:
        index = int(row.validator_index)
        found[index] = found.get(index, 0) + int(row.reward)
    return found
