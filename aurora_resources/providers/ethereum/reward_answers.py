"""What a beacon node says about consensus rewards, in gwei: of blocks, attestations and sync committees.

Pure functions of bytes. A validator that is absent from an answer has an unknown reward, never a reward of
zero; sums over a window are in `consensus.py`. Slashing penalties are in none of these answers.
"""

import re
from collections.abc import Mapping

import msgspec

from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.ethereum.beacon_answers import Data
from aurora_resources.providers.ethereum.quantities import DecimalInt, DecimalUint, shape
from aurora_resources.records import ProviderResponse

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


_block = shape(Data[BlockRewards])
_attestations = shape(Data[_Attestations])
_sync = shape(Data[tuple[_SyncReward, ...]])


def block_rewards(payload: ProviderResponse) -> BlockRewards:
    """The proposer's consensus reward. Raises PayloadError, also when the parts do not sum to the total."""
    found = _block.read(payload).data
    if found.parts_gwei != found.total_gwei:
        raise unexpected(
            payload, f"the parts sum to {found.parts_gwei:,} gwei, the total says {found.total_gwei:,}"
        )
    return found


def attestation_rewards(payload: ProviderResponse) -> Mapping[int, int]:
    """Gwei of one epoch by validator index, all parts summed: negative for missed or late votes.

    Raises PayloadError, also for a validator named twice.
    """
    rows = _attestations.read(payload).data.total_rewards
    try:
        found = dict(row.read() for row in rows)
    except ValueError as problem:
        raise unexpected(payload, str(problem)) from None
    if len(found) != len(rows):
        raise unexpected(payload, "a validator is answered twice")
    return found


def sync_rewards(payload: ProviderResponse) -> Mapping[int, int]:
    """Gwei of one block by validator index, signed; a member sitting twice has both seats in one sum.

    Raises PayloadError.
    """
    found: dict[int, int] = {}
    for row in _sync.read(payload).data:
        index = int(row.validator_index)
        found[index] = found.get(index, 0) + int(row.reward)
    return found
