"""What a Solana epoch pays, in exact lamports, and in which block: inflation by points, Jito tips by stake.

Pure arithmetic over plain values, without world, clock or HTTP. Rules: inflation as in Agave's stake
rewards (points, two floors, SIMD-0291 basis points), tips as in Jito's TipRouter era (protocol fee from
epoch 752), payout blocks by Agave's SipHash-1-3 partitioning. Every product is formed before its division,
and every division rounds down.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from aurora_resources.units import BPS, floor_share

TIP_PROTOCOL_BPS: Final = 300
PRIORITY_FEE_PROTOCOL_BPS: Final = 150
PROTOCOL_FIRST_EPOCH: Final = 752
_DECIMAL_DIGITS: Final = 120  # u64 times two 17-digit rates stays exact
_U64_MASK: Final = (1 << 64) - 1
_SIP_START: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_SipState = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Delegations:
    """One validator's stake in an epoch: rate, credits, and (address, lamports) of each active stake."""

    vote_account: str
    commission_bps: int
    credits: int
    stakes: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class EpochRewards:
    """What an epoch's inflation paid, in lamports.

    `voting` by vote account and `staking` by stake account hold positive amounts only: no entry is no row.
    `total` is what was to be paid, `paid` what was, `dust` the difference. `unpaid_splits` is the part of
    the dust dropped because one side of a split came out as zero; without it the dust is below
    `rounding_bound`, one lamport for each floor that was taken.
    """

    total: int
    voting: dict[str, int]
    staking: dict[str, int]
    unpaid_splits: int
    rounding_bound: int

    @property
    def paid(self) -> int:
        """Commission and stakers' rewards together, in lamports."""
        return sum(self.voting.values()) + sum(self.staking.values())

    @property
    def dust(self) -> int:
        """Lamports of `total` that were not paid."""
        return self.total - self.paid

    @property
    def dust_bound(self) -> int:
        """The dust is at most this many lamports."""
        return self.unpaid_splits + self.rounding_bound


@dataclass(frozen=True, slots=True)
class TipSplit:
    """How one validator's tips of an epoch are shared, in lamports; `stakers` in the order of the stakes."""

    protocol: int
    validator: int
    stakers: tuple[int, ...]


def inflation_total(capitalization: int, validator_rate: Decimal, years: Decimal) -> int:
    """floor(`capitalization` lamports times yearly `validator_rate` times `years`), exactly, in lamports."""
    with localcontext() as context:
        context.prec = _DECIMAL_DIGITS
        return int(Decimal(capitalization) * validator_rate * years)


def split_reward(reward: int, commission_bps: int) -> tuple[int, int]:
    """(voter part, staker part) of one stake account's `reward` in lamports; both floors.

    With a rate strictly between 0 and 100 % and one side at zero nothing is paid: (0, 0).
    """
    voter = floor_share(reward, commission_bps)
    staker = floor_share(reward, BPS - commission_bps)
    if 0 < commission_bps < BPS and 0 in (voter, staker):
        return 0, 0
    return voter, staker


def epoch_rewards(total: int, validators: Iterable[Delegations]) -> EpochRewards:
    """Share `total` lamports over every active stake account by points, stake times credits."""
    validators = tuple(validators)
    points = sum(v.credits * sum(stake for _, stake in v.stakes) for v in validators)
    voting: dict[str, int] = {}
    staking: dict[str, int] = {}
    unpaid = floors = 0
    for validator in validators:
        commission = 0
        for address, stake in validator.stakes:
            weight = stake * validator.credits
            if weight == 0:
                continue
            reward = total * weight // points
            voter, staker = split_reward(reward, validator.commission_bps)
            floors += 1 + (0 < validator.commission_bps < BPS)
            commission += voter
            if staker:
                staking[address] = staker
            if voter == staker == 0:
                unpaid += reward
        if commission:
            voting[validator.vote_account] = commission
    return EpochRewards(total, voting, staking, unpaid, floors if points else total)


def split_tips(total: int, validator_bps: int, protocol_bps: int, stakes: Sequence[int]) -> TipSplit:
    """Share `total` lamports of tips; the validator's rate is taken on the gross, capped by the protocol's.

    The stakers' floors leave dust, fewer lamports than there are stakes, that is not paid.
    """
    protocol = floor_share(total, protocol_bps)
    validator = min(floor_share(total, validator_bps), total - protocol)
    pool = total - protocol - validator
    delegated = sum(stakes)
    shares = tuple(stake * pool // delegated for stake in stakes) if delegated else (0,) * len(stakes)
    return TipSplit(protocol, validator, shares)


def tip_protocol_bps(epoch: int) -> int:
    """Jito's protocol rate on tips in `epoch`, in basis points: none before TipRouter."""
    return TIP_PROTOCOL_BPS if epoch >= PROTOCOL_FIRST_EPOCH else 0


def priority_fee_protocol_bps(epoch: int) -> int:
    """Jito's protocol rate on shared priority fees in `epoch`, in basis points."""
    return PRIORITY_FEE_PROTOCOL_BPS if epoch >= PROTOCOL_FIRST_EPOCH else 0


def partition_count(accounts: int, per_block: int, slots_per_epoch: int) -> int:
    """Blocks that pay `accounts` rewards, at most a tenth of the epoch and at least one."""
    return min(max(-(-accounts // per_block), 1), max(slots_per_epoch // 10, 1))


class Partitioner:
    """Assigns addresses to `partitions` blocks; `seed` is the 32-byte hash of the boundary block's parent."""

    def __init__(self, partitions: int, seed: bytes) -> None:
        self._partitions = partitions
        self._state = _SIP_START
        for at in range(0, len(seed), 8):
            self._state = _sip_compress(self._state, int.from_bytes(seed[at : at + 8], "little"))
        self._length = len(seed)

    def partition(self, address: bytes) -> int:
        """The index of the block that pays `address`, from 0."""
        if self._partitions == 1:
            return 0
        return self._hash(address) * self._partitions >> 64

    def _hash(self, address: bytes) -> int:
        state = self._state
        whole = len(address) // 8 * 8
        for at in range(0, whole, 8):
            state = _sip_compress(state, int.from_bytes(address[at : at + 8], "little"))
        tail = int.from_bytes(address[whole:], "little")
        length = (self._length + len(address)) & 0xFF
        v0, v1, v2, v3 = _sip_compress(state, tail | length << 56)
        state = (v0, v1, v2 ^ 0xFF, v3)
        for _ in range(3):
            state = _sip_round(*state)
        return state[0] ^ state[1] ^ state[2] ^ state[3]


def _sip_compress(state: _SipState, word: int) -> _SipState:
    v0, v1, v2, v3 = _sip_round(state[0], state[1], state[2], state[3] ^ word)
    return v0 ^ word, v1, v2, v3


def _sip_round(v0: int, v1: int, v2: int, v3: int) -> _SipState:
    v0 = (v0 + v1) & _U64_MASK
    v1 = ((v1 << 13) | (v1 >> 51)) & _U64_MASK ^ v0
    v0 = ((v0 << 32) | (v0 >> 32)) & _U64_MASK
    v2 = (v2 + v3) & _U64_MASK
    v3 = ((v3 << 16) | (v3 >> 48)) & _U64_MASK ^ v2
    v0 = (v0 + v3) & _U64_MASK
    v3 = ((v3 << 21) | (v3 >> 43)) & _U64_MASK ^ v0
    v2 = (v2 + v1) & _U64_MASK
    v1 = ((v1 << 17) | (v1 >> 47)) & _U64_MASK ^ v2
    v2 = ((v2 << 32) | (v2 >> 32)) & _U64_MASK
    return v0, v1, v2, v3
