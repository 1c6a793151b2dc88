"""What a beacon node answers about chain, blocks and validators, as typed records: pure functions of bytes.

Amounts are gwei, as the node gives them, and say so in their names. Rewards are in `reward_answers.py`, the
network's constants in `spec.py`, questions and errors in `beacon.py`.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Generic

import msgspec

from aurora_resources.providers.decoding import T, unexpected
from aurora_resources.providers.ethereum.quantities import (
    DecimalUint,
    HexData,
    epoch_or_none,
    shape,
)
from aurora_resources.records import ProviderResponse

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
    """A block. `payload` is None before the Merge and where a fork moved the payload out of the block.

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
        """Both votes of a slashed attester are in the block; whoever signed both is slashed."""
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


def genesis(payload: ProviderResponse) -> Genesis:
    """The start of the network. Raises PayloadError."""
    return _genesis.read(payload).data


def finalized(payload: ProviderResponse) -> Checkpoint:
    """The newest finalised epoch, of finality_checkpoints. Raises PayloadError."""
    return _finality.read(payload).data.finalized


def header(payload: ProviderResponse) -> Header:
    """A header at a slot or of a root. Raises PayloadError, also when another slot than asked is answered."""
    found = _header.read(payload).data
    message = found.header.message
    asked = payload.question.path.rpartition("/")[2]
    if asked.isdecimal() and int(asked) != message.slot:
        raise unexpected(payload, f"asked for slot {asked}, answered slot {message.slot}")
    if asked.startswith("0x") and asked.lower() != found.root:
        raise unexpected(payload, f"asked for root {asked}, answered root {found.root}")
    return Header(found.root, found.canonical, message.slot, message.proposer_index, message.parent_root)


def block(payload: ProviderResponse) -> BeaconBlock:
    """A block with what its execution payload says of itself. Raises PayloadError."""
    found = _block.read(payload)
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


def validators(payload: ProviderResponse) -> tuple[ValidatorState, ...]:
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
        for row in _validators.read(payload).data
    )
    if len({row.index for row in found}) != len(found):
        raise unexpected(payload, "a validator is answered twice")
    return found


def validators_by_key(payloads: Iterable[ProviderResponse]) -> Mapping[str, ValidatorState]:
    """The validators of all chunks of one question, by public key. Raises PayloadError.

    Keys the chain does not know are left out by the node: compare with what was asked.
    """
    return {row.pubkey: row for payload in payloads for row in validators(payload)}


def duties(payload: ProviderResponse) -> tuple[Duty, ...]:
    """The proposers of one epoch, one a slot. Raises PayloadError, also for a slot named twice."""
    found = _duties.read(payload).data
    if len({duty.slot for duty in found}) != len(found):
        raise unexpected(payload, "a slot has two proposers")
    return found


def sync_committee(payload: ProviderResponse) -> tuple[int, ...]:
    """The members of a sync committee by index; one may sit twice. Raises PayloadError."""
    return tuple(_committee.read(payload).data.validators)
